using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>What a model says of its training.</summary>
[TestClass]
public sealed class TrainingSummaryTests : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("resnet-summary-").FullName, "weights.safetensors");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    [TestMethod]
    public void All_of_it_is_kept_with_a_saved_model()
    {
        using (var start = Images.Trainer(Images.Context()).Fit(Images.Labelled(30)))
        {
            start.Model.ExportToSafeTensors(_file);
        }

        // Nothing is what it would be by itself.
        using var model = Images.Trainer(Images.Context(), change: options =>
        {
            (options.Recipe, options.Precision, options.Seed) = (TrainingRecipe.Best, ComputePrecision.BFloat16, 7);
            (options.NumberOfEpochs, options.BatchSize, options.LearningRate) = (9, 6, 0.012);
            (options.InitialWeights, options.AllowFlip, options.Calibrate) = (InitialWeights.FromFile(_file), false, true);
            (options.EarlyStopping, options.BestWeightsBy) =
                (new() { Metric = TrainingMetric.TrainLoss, Patience = 1, LeastImprovement = 100 }, TrainingMetric.ValidationLoss);
        }).Fit(Images.Labelled(30), Images.Labelled(12));
        using var loaded = Images.Reloaded(model);

        var (before, after) = (model.Model.Training, loaded.Model.Training);
        Assert.AreEqual(
            (TrainingRecipe.Best, "bfloat16", 7, 6, 0.012, 30L, TrainingOutcome.StoppedEarly),
            (before.Recipe, before.Precision, before.Seed, before.BatchSize, before.LearningRate, before.Images, before.Outcome));
        Assert.IsNotNull(before.BestEpoch);
        Assert.IsNotNull(before.Calibration);
        Assert.IsTrue(before.FromInitialWeights);
        Assert.IsTrue(before.NeverFlipped);
        Assert.HasCount(2, before.History);

        // Lists are compared by themselves.
        EpochMetrics[] none = [];
        Assert.AreEqual(before with { History = none }, after with { History = none });
        CollectionAssert.AreEqual(before.History.ToArray(), after.History.ToArray());
    }
}
