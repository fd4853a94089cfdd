using Microsoft.ML;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Training;

/// <summary>The same seed, data and threads give the same model to the bit.</summary>
[TestClass]
public class DeterminismTests
{
    [TestMethod]
    [DataRow(ComputePrecision.Float32)]
    [DataRow(ComputePrecision.BFloat16)]
    public void Trainings_side_by_side_do_not_disturb_each_other(ComputePrecision precision)
    {
        var alone = Enumerable.Range(0, 4).Select(seed => Fit(precision, seed)).ToArray();
        var together = new string[4];
        var threads = Enumerable.Range(0, 4).Select(seed => new Thread(() => together[seed] = Fit(precision, seed))).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        CollectionAssert.AreEqual(alone, together);
        Assert.AreEqual(4, alone.Distinct().Count());
    }

    [TestMethod]
    public void Random_numbers_of_the_process_are_neither_read_nor_changed()
    {
        Fit(ComputePrecision.Float32, 0);
        static double Draw()
        {
            using var drawn = torch.rand(1, torch.ScalarType.Float64);
            return drawn.item<double>();
        }


        torch.manual_seed(5);
        var (first, second) = (Draw(), Draw());
        torch.manual_seed(5);
        Assert.AreEqual(first, Draw());
        var one = Fit(ComputePrecision.Float32, 0);
        Assert.AreEqual(second, Draw());
        torch.manual_seed(6);
        Assert.AreEqual(one, Fit(ComputePrecision.Float32, 0));
    }

    [TestMethod]
    public void A_seed_that_was_drawn_is_in_the_model_and_repeats_it()
    {
        using var first = Images.Trainer(new MLContext()).Fit(Images.Labelled());
        using var other = Images.Trainer(new MLContext()).Fit(Images.Labelled());
        using var again = Images.Trainer(new MLContext(), change: options => options.Seed = (int)first.Model.Training.Seed)
            .Fit(Images.Labelled());

        Assert.AreNotEqual(first.Model.Training.Seed, other.Model.Training.Seed);
        Assert.AreNotEqual(first.Model.Network.Weights.Fingerprint(), other.Model.Network.Weights.Fingerprint());
        Assert.AreEqual(first.Model.Network.Weights.Fingerprint(), again.Model.Network.Weights.Fingerprint());
    }

    private static string Fit(ComputePrecision precision, int seed)
    {
        using var model = Images.Trainer(Images.Context(seed), change: options =>
            (options.Precision, options.NumberOfEpochs, options.Augmentation) =
            (precision, 2, Augmentation.Flip | Augmentation.Shift | Augmentation.Erase)).Fit(Images.Labelled(40));
        return model.Model.Network.Weights.Fingerprint();
    }
}
