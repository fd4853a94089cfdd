using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>Example weights and class weights.</summary>
[TestClass]
public class WeightTests
{
    private static MLContext Ml => Images.Context();

    [TestMethod]
    public void Weights_of_one_change_nothing()
    {
        Assert.AreEqual(Fit(null).Network.Weights.Fingerprint(), Fit(null, unused: true).Network.Weights.Fingerprint());
        var (without, with) = (Fit(null), Fit(_ => 1));
        Assert.AreEqual(without.History[^1].TrainLoss, with.History[^1].TrainLoss, 1e-5);
        Snapshot.AssertNear(Head(without), Head(with), 1e-5f);
    }

    [TestMethod]
    public void A_common_factor_changes_nothing() => Snapshot.AssertNear(Head(Fit(_ => 1)), Head(Fit(_ => 64)), 1e-5f);

    [TestMethod]
    public void Images_that_count_nothing_count_in_no_metric()
    {
        // The labels of half of the rows are wrong, and those rows count nothing.
        var wrong = new MemoryDataView(
            60,
            Images.Features(),
            new MemoryColumn<byte>("Label", new KeyDataViewType(typeof(byte), 3), row =>
                (byte)((PixelPattern.ClassOf(row) + (IsWrong(row) ? 1 : 0)) % 3 + 1)),
            Weight(row => IsWrong(row) ? 0 : 2));
        using var model = Images.Trainer(Ml, change: options =>
        {
            (options.NumberOfEpochs, options.LearningRate, options.ExampleWeightColumnName) = (10, 0.05, "Weight");
            options.ValidationSet = wrong;
        }).Fit(wrong);

        Assert.IsGreaterThan(0.95, model.Model.History[^1].TrainAccuracy);
        Assert.IsGreaterThan(0.95, model.Model.History[^1].ValidationAccuracy!.Value);
        Assert.IsLessThan(0.6, Ml.MulticlassClassification.Evaluate(model.Transform(wrong)).MicroAccuracy);

        static bool IsWrong(int row) => row / 3 % 2 == 1;
    }

    [TestMethod]
    public void Balanced_classes_count_as_much_as_one_another()
    {
        // A class of one in ten whose images are those of another class: whoever guesses the larger one is right nine times in ten.
        static MemoryDataView Data() => new(
            100,
            Images.Vector("Features", _ => PixelPattern.Planes(0, 1, Images.Size, Images.Size), 1, Images.Size, Images.Size),
            new MemoryColumn<byte>("Label", new KeyDataViewType(typeof(byte), 2), row => (byte)(row % 10 == 0 ? 2 : 1)));
        float Rare(ClassWeights weights)
        {
            using var model = Images.Trainer(Ml, change: options =>
                (options.ClassWeights, options.NumberOfEpochs, options.BatchSize, options.LearningRate) =
                (weights, 30, 100,
                    0.2)).Fit(Data());
            return Snapshot.Scores(model.Transform(Data()))[0][1];
        }

        // Label smoothing pulls both a little towards one half.
        Assert.AreEqual(0.1f, Rare(ClassWeights.Equal), 0.07f);
        Assert.AreEqual(0.5f, Rare(ClassWeights.Balanced), 0.07f);
    }

    [TestMethod]
    public void Class_and_example_weights_are_multiplied()
    {
        // The example weights undo what Balanced does: the classes' sums of weights are what is balanced.
        var counted = Fit(row => PixelPattern.ClassOf(row) == 0 ? 4 : 1, ClassWeights.Balanced);
        var equal = Fit(_ => 1, ClassWeights.Balanced);

        Assert.AreEqual(equal.History[^1].TrainLoss, counted.History[^1].TrainLoss, 1e-4);
    }

    [TestMethod]
    [DataRow(-1f)]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void A_weight_that_is_none_is_named_with_its_row(float weight)
    {
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(row => row == 7 ? weight : 1)).Message;

        Assert.Contains("Weight", message);
        Assert.Contains("7", message);
    }

    [TestMethod]
    public void Weights_that_are_all_zero_are_refused() =>
        Assert.Contains("example weights", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(_ => 0)).Message);

    [TestMethod]
    public void A_missing_or_mistyped_column_is_named()
    {
        foreach (var name in (string[])["Nowhere", "Number"])
        {
            var trainer = Images.Trainer(Ml, change: options => options.ExampleWeightColumnName = name);
            var data = Images.Labelled(more: [Images.Number()]);
            Assert.Contains($"'{name}'", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.Fit(data)).Message);
            Assert.Contains(
                $"'{name}'",
                Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                    () => Ml.Transforms.CopyColumns("Other", "Number").Append(trainer).Fit(data)).Message);
        }
    }

    private static MemoryColumn Weight(Func<int, float> weight) => new MemoryColumn<float>("Weight", NumberDataViewType.Single, weight);

    private static float[][] Head(ResNetModel model) => [model.Network.Weights["fc.weight"].ToArray()];

    private static ResNetModel Fit(Func<int, float>? weight, ClassWeights classes = ClassWeights.Equal, bool unused = false)
    {
        using var model = Images.Trainer(Ml, change: options =>
                (options.ExampleWeightColumnName, options.ClassWeights, options.NumberOfEpochs) =
                (weight is null ? null : "Weight", classes, 2))
            .Fit(Images.Labelled(30, more: unused || weight is not null ? [Weight(weight ?? (_ => 3))] : []));
        return model.Model;
    }
}
