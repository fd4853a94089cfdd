using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using ResNetMLNet.Sample.Files;
using ResNetMLNet.Sample.Images;
using ResNetMLNet.Sample.Rendering;
using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Sample.Reporting.Charts;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Commands;

/// <summary>One training, and what becomes of it.</summary>
internal sealed class TrainingRun(MLContext ml, ImageSets images, ResNetTrainer.Options options, Signals signals, TrainingDisplay display)
{
    private const string ModelFile = "model.zip";
    private const string UnfinishedFile = "unfinished.zip";
    private const string LastGoodFile = "last-good.zip";
    private const string MetricsFile = "metrics.json";
    private const string CurvesFile = "curves.png";
    private const string ConfusionFile = "confusion.png";
    private const string ReportHtml = "report.html";

    /// <summary>What it starts from, by name.</summary>
    public required string Start { get; init; }

    /// <summary>
    /// A sentence with the command that goes on from where a cancelled training stands, of which the model is given; null where it is not
    /// worth training further.
    /// </summary>
    public Func<string?, string>? WayOn { get; init; }

    /// <summary>The words with which a command takes the test images.</summary>
    public IReadOnlyList<string> TestImages { get; init; } = [];

    /// <summary>The folder for the results, which is tried before the training, that would be lost.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="option">The option that named it.</param>
    public static OutputFolder OpenFolder(string path, string option) => OutputFolder.Open(
        path, option, ModelFile, UnfinishedFile, LastGoodFile, MetricsFile, CurvesFile, ConfusionFile, ReportHtml);

    /// <summary>Trains beside a process that writes what it comes to, and returns the exit status.</summary>
    public int RunBeside()
    {
        options.CancellationToken = signals.Ended;
        using var same = ml.MulticlassClassification.Trainers.ResNet(options).Fit(images.Train);
        return IsCancelled(same.Model) ? Exit.Cancelled : 0;
    }

    /// <summary>Trains, writes what it came to, and returns the exit status.</summary>
    /// <param name="folder">The folder for the results.</param>
    public int Run(OutputFolder folder)
    {
        options.CancellationToken = signals.Ended;
        var watch = Stopwatch.StartNew();
        var epochs = 0;
        options.EpochCallback = metrics =>
        {
            epochs++;
            display.Epoch(metrics);
        };
        options.ProgressCallback = display.Progress;

        var names = ml.Transforms.Conversion.MapKeyToValue("PredictedLabel");
        var pipeline = ml.MulticlassClassification.Trainers.ResNet(options).Append(names);
        TransformerChain<KeyToValueMappingTransformer> model;
        try
        {
            model = display.While(() => pipeline.Fit(images.Train));
        }
        catch (TrainingDivergedException e) when (e.LastGoodModel is { } good)
        {
            // Beside what an earlier training left.
            var kept = folder.Write(new UnfinishedModels(ml, folder, good.Model).NameFor(LastGoodFile), stream => ml.Model.Save(
                good.Append(names.Fit(good.Transform(images.Train))), images.Train.Schema, stream));
            SteadyWriter.Error().WriteLine($"The model after epoch {good.Model.History.Count}, the last that went well, is in {kept}.");
            throw;
        }

        var transformer = model.OfType<ResNetTransformer>().Single();
        var network = transformer.Model;

        // What another run trained, from whose checkpoint this one went on, took time too: whole epochs, or the beginning of one.
        var before = network.History.SkipLast(epochs).Sum(epoch => epoch.Seconds);
        var seconds = Math.Max(watch.Elapsed.TotalSeconds + before, network.History.Sum(epoch => epoch.Seconds));

        // What was trained is safe before anything else is done with it; from then on, who asks for the end need not wait. Part of a
        // training replaces nothing that another one left, and what has not seen all images once is no model that answers by itself.
        var isBeside = IsCancelled(network) && (folder.Has(ModelFile) || network.History.Count == 0);
        string Save(string name) => folder.Write(name, stream => ml.Model.Save(model, images.Train.Schema, stream));
        var unfinished = new UnfinishedModels(ml, folder, network);
        var zip = Save(isBeside ? unfinished.NameFor(UnfinishedFile) : ModelFile);
        signals.Dispose();
        if (isBeside && (network.History.Count == 0 || !unfinished.IsEarlierPart(ModelFile)))
        {
            return Cancelled(folder, network, zip);
        }

        zip = isBeside ? Save(ModelFile) : zip;
        unfinished.RemoveEarlierParts(UnfinishedFile);
        unfinished.RemoveEarlierParts(LastGoodFile);

        try
        {
            return Finish(folder, transformer, zip, seconds);
        }
        catch (Exception)
        {
            SteadyWriter.Error().WriteLine(
                $"The model is in {zip}. To test it: {ProgramName.Command(["evaluate", "--model", zip, .. TestImages])}");
            throw;
        }
    }

    private static bool IsCancelled(ResNetModel network) => network.Training.Outcome == TrainingOutcome.Cancelled;

    // What is made of a model that is saved.
    private int Finish(OutputFolder folder, ResNetTransformer transformer, string zip, double seconds)
    {
        var network = transformer.Model;
        var cancelled = IsCancelled(network);

        // They are of the model that was just replaced.
        folder.Remove(MetricsFile, CurvesFile, ConfusionFile, ReportHtml);
        var test = cancelled ? null : Test(transformer, seconds);
        var metrics = TrainingMetrics.Of(network, options, Start, test?.Evaluation.Accuracy, seconds);
        folder.Write(MetricsFile, stream => JsonSerializer.Serialize(stream, metrics, SampleJson.Default.TrainingMetrics));
        folder.Write(CurvesFile, stream => PngChart.Write(stream, CurvesChart.Create(network.History), names: []));
        if (!PngChart.HasText)
        {
            SteadyWriter.Error().WriteLine(
                $"This machine has no fonts, so the charts have no text (Debian: apt-get install fonts-dejavu-core); {ReportHtml} has it.");
        }

        if (test is not null)
        {
            WriteConfusion(folder, test.Evaluation);
        }

        var explain = HeatMap.With(ml, transformer, images.FeatureColumnName);
        var report = new ReportBuilder(ml, network, images) { Explain = explain }.OfTraining(test, seconds);
        folder.Write(ReportHtml, stream => ReportFile.Write(stream, report));
        if (cancelled)
        {
            return Cancelled(folder, network, zip);
        }

        if (folder.Problem is { } problem)
        {
            SteadyWriter.Error().WriteLine(problem);
            return Exit.Failed;
        }

        display.WriteLine($"wrote {ModelFile}, {MetricsFile}, charts and {ReportHtml} to {folder.FullName}");
        ScoreAgain(zip);
        return 0;
    }

    private static void WriteConfusion(OutputFolder folder, Evaluation test)
    {
        var names = ConfusionChart.NamesIn(test);
        folder.Write(ConfusionFile, stream => PngChart.Write(stream, ConfusionChart.Create(test), names, 900, 900));
        if (PngChart.HasText && !PngChart.CanDraw(names))
        {
            SteadyWriter.Error().WriteLine(
                $"None of this machine's fonts has all characters of the names of the classes, so {ConfusionFile} lacks some; {ReportHtml} "
                + "has them.");
        }
    }

    private int Cancelled(OutputFolder folder, ResNetModel network, string zip)
    {
        if (folder.Problem is { } problem)
        {
            SteadyWriter.Error().WriteLine(problem);
        }

        var isBegun = network.History.Count > 0;
        var wayOn = WayOn is null ? "" : $" {WayOn(isBegun ? zip : null)}";
        SteadyWriter.Error().WriteLine(
            $"Cancelled in epoch {network.History.Count + 1}; what was trained so far{(isBegun ? "" : ", less than an epoch,")} is in "
            + $"{zip}.{wayOn}");
        return Exit.Cancelled;
    }

    private ScoredImages Test(ResNetTransformer model, double seconds)
    {
        var test = ScoredImages.Of(ml, model.Transform(images.Test), model, new Dictionary<string, long>());
        display.WriteLine(
            $"test accuracy {test.Evaluation.Accuracy:F4}, loss {test.Evaluation.LogLoss:F4}"
            + $"{(options.TestTimeAugmentation != TestTimeAugmentation.None ? ", scored with mirror images" : "")}, after {seconds:F0} s");
        display.WriteLine(InTheBooksManner(model.Model, test.Evaluation));
        return test;
    }

    // The line that the chapter's training ends with.
    private static string InTheBooksManner(ResNetModel network, Evaluation test)
    {
        var last = network.History[^1];
        return $"loss {last.TrainLoss:F3}, train acc {last.TrainAccuracy:F3}, test acc {test.Accuracy:F3}, "
            + $"{network.History.Average(epoch => epoch.ImagesPerSecond):F1} examples/sec on {network.Training.Device}";
    }

    // As another program would: a new context, nothing registered.
    private void ScoreAgain(string zip)
    {
        var again = new MLContext();
        var loaded = again.Model.Load(zip, out _);
        display.WriteLine("loaded model.zip into a new MLContext; the first test images as it sees them:");
        var scored = loaded.Transform(again.Data.TakeRows(images.Test, 8));
        PredictionTable.Write(SteadyWriter.Output(), scored, images.FeatureColumnName, Terminal.LineLength);
    }
}
