using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What a report says of a model in short, name by name.</summary>
[TestClass]
public class ReportFactTests
{
    // The number of parameters is torchvision's.
    private static readonly ResNetModel Early = PaperModel.Of(
        new(ResNetArchitecture.ResNet18, new(3, 224, 192), 1000),
        ResizeMode.CenterCrop,
        PaperModel.Training() with
        {
            Recipe = TrainingRecipe.Fast,
            Device = "cuda:1",
            Precision = "bfloat16",
            Seed = 7,
            BatchSize = 64,
            LearningRate = 0.0123456,
            Images = 12_345,
            Outcome = TrainingOutcome.StoppedEarly,
            BestEpoch = 2,
            FromInitialWeights = true,
            Calibration = new()
            {
                Temperature = 1.23456,
                LossBefore = 0.75,
                LossAfter = 0.5,
                CalibrationErrorBefore = 0.25,
                CalibrationErrorAfter = 0.125,
            },
            History = [.. Enumerable.Range(1, 3).Select(epoch => Epoch(epoch, imagesPerSecond: 1000 * epoch))],
        },
        TestTimeAugmentation.Flip,
        rejectBelow: 0.5);

    // The number of parameters is the paper's.
    private static readonly ResNetModel Finished = PaperModel.Of(
        new(ResNetArchitecture.ResNet20, new(3, 32, 32), 10), ResizeMode.Stretch, PaperModel.Training());

    [TestMethod]
    public void Settings_of_a_calibrated_model_that_was_stopped_early_say_all_of_it() => AssertFacts(
        ReportFacts.Settings(Early),
        new("Network", "resnet18"),
        new("Parameters", "11,689,512"),
        new("What it sees", "3×224×192 (the middle)"),
        new("Recipe", "fast"),
        new("Epochs", "3 of 10"),
        new("Batch size", "64"),
        new("Learning rate", "0.01235"),
        new("Seed", "7"),
        new("Scored with mirror images", "yes"),
        new("Training ended", "early, since it no longer improved"),
        new("Weights of epoch", "2"),
        new("Began with", "trained weights"),
        new("Calibrated", "temperature 1.235"),
        new("No class below", "0.5"));

    [TestMethod]
    public void Settings_of_a_plain_model_that_was_finished_say_no_more_than_there_is() => AssertFacts(
        ReportFacts.Settings(Finished),
        new("Network", "resnet20"),
        new("Parameters", "269,722"),
        new("What it sees", "3×32×32 (stretched)"),
        new("Recipe", "book"),
        new("Epochs", "2"),
        new("Batch size", "256"),
        new("Learning rate", "0.05"),
        new("Seed", "0"),
        new("Scored with mirror images", "no"),
        new("Training ended", "with its last epoch"));

    [TestMethod]
    [DataRow(TrainingOutcome.Cancelled, "by cancellation")]
    [DataRow(TrainingOutcome.Diverged, "by a loss that was no number")]
    public void A_training_without_a_whole_epoch_says_how_it_ended(TrainingOutcome outcome, string expected)
    {
        var model = PaperModel.Of(
            Finished.Network.Plan, ResizeMode.Pad, PaperModel.Training() with { Outcome = outcome, History = [] });
        var facts = ReportFacts.Settings(model).ToDictionary(fact => fact.Name, fact => fact.Value);

        Assert.AreEqual("0", facts["Epochs"]);
        Assert.AreEqual("3×32×32 (padded with black)", facts["What it sees"]);
        Assert.AreEqual(expected, facts["Training ended"]);
    }

    [TestMethod]
    public void The_device_is_the_one_that_trained()
    {
        Assert.AreEqual(new("Trained on", "cuda:1, bfloat16"), ReportFacts.TrainedOn(Early));
        Assert.AreEqual(new("Trained on", "cpu, float32"), ReportFacts.Device(Finished)[0]);
    }

    [TestMethod]
    public void Data_is_counted_with_what_was_left_out_of_it()
    {
        var test = SampleReport.Scored(["a", "b"], (0, 0, 1), (0, 1, 1), (1, 1, 1)).Evaluation;

        AssertFacts(ReportFacts.Data(Finished, test: null), new("Training images", "60,000"), new("Classes", "10"));
        AssertFacts(
            ReportFacts.Data(Early, test),
            new("Training images", "12,345"),
            new("Test images", "3"),
            new("Classes", "1,000"));
        AssertFacts(
            ReportFacts.Data(Early, test with
            {
                Images = 4567,
                LeftOut = new Dictionary<string, long> { ["fox"] = 1200, ["owl"] = 34 },
                Rejected = new() { Below = 0.5, Images = 2, AccuracyOfOthers = 0.75 },
            }),
            new("Training images", "12,345"),
            new("Test images", "4,567"),
            new("Classes", "1,000"),
            new("Left out", "1,234 images of 'fox', 'owl', which the model does not know"),
            new("Given no class", "2 below 0.5; accuracy of the others 0.7500"));
    }

    [TestMethod]
    public void Speed_is_images_by_seconds_and_left_out_where_nothing_was_done()
    {
        var scored = SampleReport.Scored(["a", "b"], (0, 0, 1), (0, 1, 1), (1, 1, 1)) with { Seconds = 0.5 };
        var facts = ReportFacts.SpeedAndMemory(Early, scored, trainingSeconds: 1234.56);
        var untested = PaperModel.Of(Early.Network.Plan, ResizeMode.Stretch, Early.Training with { History = [] });

        AssertFacts(
            [.. facts.SkipLast(1)],
            new("Trained images per second", "2,000"),
            new("Training", "1,234.6 s"),
            new("Scored images per second", "6"),
            new("Scoring", "0.5 s, reading and decoding included"));
        Assert.AreEqual("Peak memory", facts[^1].Name);
        Assert.AreEqual("Peak memory", ReportFacts.SpeedAndMemory(untested, scored: null, trainingSeconds: null).Single().Name);
    }

    private static EpochMetrics Epoch(int epoch, double imagesPerSecond) =>
        SampleReport.Epoch(epoch, 1) with { NumberOfEpochs = 10, ImagesPerSecond = imagesPerSecond };

    private static void AssertFacts(IReadOnlyList<Fact> actual, params Fact[] expected) =>
        CollectionAssert.AreEqual(expected, actual.ToArray());
}
