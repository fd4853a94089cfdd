using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>The short facts of a report: names and values.</summary>
internal static class ReportFacts
{
    public static IReadOnlyList<Fact> Settings(ResNetModel model)
    {
        var training = model.Training;
        var epochs = model.History.Count > 0 ? model.History[^1].NumberOfEpochs : 0;
        List<Fact> facts =
        [
            new("Network", model.Architecture.Name),
            new("Parameters", $"{model.ParameterCount:N0}"),
            new("What it sees", $"{model.ImageChannels}×{model.ImageHeight}×{model.ImageWidth} ({Resizing(model.ResizeMode)})"),
            new("Recipe", training.Recipe.ToString().ToLowerInvariant()),
            new("Epochs", model.History.Count == epochs ? $"{epochs}" : $"{model.History.Count} of {epochs}"),
            new("Batch size", $"{training.BatchSize}"),
            new("Learning rate", $"{training.LearningRate:G4}"),
            new("Seed", $"{training.Seed}"),
            new("Scored with mirror images", model.TestTimeAugmentation != TestTimeAugmentation.None ? "yes" : "no"),
            new("Training ended", Outcome(training.Outcome)),
        ];
        if (training.BestEpoch is { } best)
        {
            facts.Add(new("Weights of epoch", $"{best}"));
        }

        if (training.FromInitialWeights)
        {
            facts.Add(new("Began with", "trained weights"));
        }

        if (training.Calibration is { } calibration)
        {
            facts.Add(new("Calibrated", $"temperature {calibration.Temperature:F3}"));
        }

        if (model.RejectBelow is { } least)
        {
            facts.Add(new("No class below", $"{least:G4}"));
        }

        return facts;
    }

    public static IReadOnlyList<Fact> Device(ResNetModel model) =>
    [
        TrainedOn(model),
        new("Processors here", $"{Environment.ProcessorCount}, {RuntimeInformation.OSArchitecture}"),
        new("System here", RuntimeInformation.OSDescription),
        new(".NET", $"{Environment.Version}"),
        new("ML.NET", Version(typeof(MLContext))),
        new("ResNetMLNet", Version(typeof(ResNetTrainer))),
    ];

    public static Fact TrainedOn(ResNetModel model) => new("Trained on", $"{model.Training.Device}, {model.Training.Precision}");

    public static IReadOnlyList<Fact> Data(ResNetModel model, Evaluation? test)
    {
        List<Fact> facts = [new("Training images", $"{model.Training.Images:N0}")];
        if (test is not null)
        {
            facts.Add(new("Test images", $"{test.Images:N0}"));
        }

        facts.Add(new("Classes", $"{model.ClassNames.Count:N0}"));
        if (test is { LeftOut.Count: > 0 })
        {
            var names = PlainText.List([.. test.LeftOut.Keys]);
            facts.Add(new("Left out", $"{test.LeftOut.Values.Sum():N0} images of {names}, which the model does not know"));
        }

        if (test?.Rejected is { } rejected)
        {
            facts.Add(new("Given no class", $"{rejected}"));
        }

        return facts;
    }

    /// <param name="model">The model.</param>
    /// <param name="scored">The test images; null where nothing was tested.</param>
    /// <param name="trainingSeconds">How long training took; null where it was done elsewhere.</param>
    public static IReadOnlyList<Fact> SpeedAndMemory(ResNetModel model, ScoredImages? scored, double? trainingSeconds)
    {
        List<Fact> facts = [];
        if (model.History.Count > 0)
        {
            facts.Add(new("Trained images per second", $"{model.History.Average(epoch => epoch.ImagesPerSecond):N0}"));
        }

        if (trainingSeconds is { } seconds)
        {
            facts.Add(new("Training", $"{seconds:N1} s"));
        }

        if (scored is { Rows.Count: > 0 })
        {
            facts.Add(new("Scored images per second", $"{scored.Rows.Count / Math.Max(scored.Seconds, 0.001):N0}"));
            facts.Add(new("Scoring", $"{scored.Seconds:N1} s, reading and decoding included"));
        }

        facts.Add(new("Peak memory", $"{TrainingMetrics.PeakMemory() / 1e6:N0} MB"));
        return facts;
    }

    private static string Resizing(ResizeMode mode) => mode switch
    {
        ResizeMode.CenterCrop => "the middle",
        ResizeMode.Pad => "padded with black",
        _ => "stretched",
    };

    private static string Outcome(TrainingOutcome outcome) => outcome switch
    {
        TrainingOutcome.Completed => "with its last epoch",
        TrainingOutcome.StoppedEarly => "early, since it no longer improved",
        TrainingOutcome.Cancelled => "by cancellation",
        _ => "by a loss that was no number",
    };

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
