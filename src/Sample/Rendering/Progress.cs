using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>Plain lines of progress: what the trainer says it does, then a line an epoch.</summary>
internal sealed class Progress(TextWriter output)
{
    private static readonly string[] _sources = [nameof(ResNetTrainer), nameof(ResNetCatalog.LoadFromImageFolder)];

    public void Epoch(EpochMetrics metrics)
    {
        var left = metrics.Seconds * (metrics.NumberOfEpochs - metrics.Epoch);
        output.WriteLine(
            $"epoch {metrics.Epoch,2} of {metrics.NumberOfEpochs}   loss {metrics.TrainLoss:F3}   "
            + $"train accuracy {metrics.TrainAccuracy:F3}   test accuracy {metrics.ValidationAccuracy:F3}   "
            + $"{metrics.ImagesPerSecond,5:F0} images/s   {metrics.Seconds,5:F1} s   {left,4:F0} s left");
    }

    /// <summary>What was found in a folder, the trainer's first line, and warnings; the epochs have lines of their own.</summary>
    public void Log(object? sender, LoggingEventArgs message)
    {
        if (message.Kind == ChannelMessageKind.Info
            && _sources.Any(source => message.Source.StartsWith(source, StringComparison.Ordinal))
            && !message.RawMessage.StartsWith("epoch ", StringComparison.Ordinal))
        {
            output.WriteLine(PlainText.OneLine(message.RawMessage));
        }

        LogWarning(sender, message);
    }

    /// <summary>Warnings alone.</summary>
    public void LogWarning(object? sender, LoggingEventArgs message)
    {
        if (message.Kind == ChannelMessageKind.Warning)
        {
            output.WriteLine(PlainText.OneLine(message.RawMessage));
        }
    }
}
