using System.Diagnostics;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>A line an epoch; and a line every ten seconds of what comes before the first one, if that takes long.</summary>
internal sealed class PlainDisplay(TextWriter output) : TrainingDisplay
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(10);

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private TimeSpan _due = _patience;

    public override void WriteLine(string text) => output.WriteLine(text);

    public override void Progress(TrainingProgress progress)
    {
        if (progress.Phase is TrainingPhase.Reading or TrainingPhase.ComputingFeatures && _watch.Elapsed >= _due)
        {
            _due = _watch.Elapsed + _interval;
            var all = progress.NumberOfImages is { } number ? $" of {number:N0}" : "";
            WriteLine($"{Name(progress.Phase)}: {progress.Images:N0}{all}");
        }
    }

    public override void Epoch(EpochMetrics metrics)
    {
        var left = metrics.Seconds * (metrics.NumberOfEpochs - metrics.Epoch);
        WriteLine(
            $"epoch {metrics.Epoch,2} of {metrics.NumberOfEpochs}   loss {metrics.TrainLoss:F3}   "
            + $"train accuracy {metrics.TrainAccuracy:F3}   test accuracy {metrics.ValidationAccuracy:F3}   "
            + $"{metrics.ImagesPerSecond,5:F0} images/s   {metrics.Seconds,5:F1} s   {left,4:F0} s left");
    }
}
