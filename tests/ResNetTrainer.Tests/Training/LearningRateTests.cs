using Microsoft.ML;
using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>The rate that each part of the network is trained at, and what the history says of it.</summary>
[TestClass]
public class LearningRateTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    public void The_rate_of_an_epoch_is_that_of_its_last_step()
    {
        using var model = Images.Trainer(Ml, change: options => (options.NumberOfEpochs, options.LearningRate) = (2, 0.054))
            .Fit(Images.Labelled(24));

        // Six steps of a rate that falls to nothing in the last nine tenths of them: 3.5 and 0.5 steps before the end, in their middle.
        Assert.HasCount(2, model.Model.History);
        Assert.AreEqual(0.054 * 3.5 / 5.4, model.Model.History[0].LearningRate, 1e-12);
        Assert.AreEqual(0.054 * 0.5 / 5.4, model.Model.History[1].LearningRate, 1e-12);
    }

    [TestMethod]
    public void At_a_multiplier_of_next_to_nothing_the_linear_layer_alone_moves()
    {
        var data = Images.Labelled();
        using var start = Images.Trainer(Ml).Fit(data);
        using var model = Images.Trainer(Ml, change: options =>
            (options.StartFrom, options.BodyLearningRateMultiplier) = (start, double.Epsilon)).Fit(data);

        var (before, after) = (start.Model.Network.Weights.Tensors, model.Model.Network.Weights.Tensors);
        foreach (var tensor in model.Model.Network.Plan.Tensors.Where(tensor => tensor.IsParameter))
        {
            var isSame = before[tensor.Name].Data.SequenceEqual(after[tensor.Name].Data);
            Assert.AreEqual(!tensor.IsHead, isSame, tensor.Name);
        }
    }

    [TestMethod]
    public void At_a_multiplier_of_next_to_nothing_Muon_leaves_convolutions_as_they_are()
    {
        NamedTensors Train(int epochs)
        {
            using var model = Images.Trainer(Ml, change: options =>
                (options.NumberOfEpochs, options.Seed, options.BodyLearningRateMultiplier) = (epochs, 3, double.Epsilon))
                .Fit(Images.Labelled());
            return model.Model.Network.Weights;
        }

        // The first step brings them to their size.
        var (shorter, longer) = (Train(1).Tensors, Train(2).Tensors);
        foreach (var name in (string[])["conv1.weight", "layer1.0.conv1.weight", "layer2.0.downsample.0.weight"])
        {
            Snapshot.AssertNear([shorter[name].Data], [longer[name].Data]);
        }

        CollectionAssert.AreNotEqual(shorter["fc.weight"].Data, longer["fc.weight"].Data);
    }
}
