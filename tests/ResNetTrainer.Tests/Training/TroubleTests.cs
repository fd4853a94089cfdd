using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Training;

/// <summary>What is said, and what is left, when training goes wrong.</summary>
[TestClass]
public class TroubleTests
{
    [TestMethod]
    public void A_loss_that_is_not_finite_is_reported_at_its_step_with_what_to_try()
    {
        var trainer = Images.Trainer(Images.Context(), change: options => options.LearningRate = 1e30);
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => trainer.Fit(Images.Labelled()));

        Assert.AreEqual(1, error.Epoch);
        Assert.IsInRange(2, 3, error.Step);
        Assert.IsGreaterThan(0, error.LearningRate);
        Assert.IsNull(error.LastGoodModel);
        foreach (var word in (string[])["NaN", $"step {error.Step} of 3", "learning rate", "LearningRate = "])
        {
            Assert.Contains(word, error.Message);
        }
    }

    [TestMethod]
    public void The_last_good_model_is_offered()
    {
        var folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
        try
        {
            var data = Images.Diverging();
            var trainer = Images.Trainer(Images.Context(), change: options =>
                (options.ExampleWeightColumnName, options.NumberOfEpochs, options.MemoryBudget, options.Checkpoints) =
                ("Weight", 5, 100, new() { Directory = folder }));
            var error = Assert.ThrowsExactly<TrainingDivergedException>(() => trainer.Fit(data));

            Assert.AreEqual(3, error.Epoch);
            using var good = error.LastGoodModel!;
            Assert.AreEqual(TrainingOutcome.Diverged, good.Model.Training.Outcome);
            Assert.HasCount(2, good.Model.History);
            Assert.IsTrue(Snapshot.Scores(good.Transform(Images.Unlabelled())).All(row => row.All(float.IsFinite)));

            // Nor is the checkpoint of what went wrong.
            Assert.IsTrue(Directory.GetFiles(folder).All(file => string.CompareOrdinal(Path.GetFileName(file), "checkpoint-0003") < 0));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void Memory_that_runs_out_is_explained_with_the_options_that_lower_it()
    {
        // Asks libtorch for 128 TiB, as a network that is too large would.
        var trainer = Images.Trainer(Images.Context(), change: options => options.EpochCallback = _ => torch.empty([1L << 45]).Dispose());
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Images.Labelled())).Message;

        Assert.Contains("134,217,728 MiB", message);
        Assert.Contains("BatchSize", message);
    }
}
