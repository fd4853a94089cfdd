using System.Diagnostics;

namespace ResNetMLNet.Sample;

/// <summary>What a training run came to, as metrics.json has it: the epochs as the trainer saw them, the accuracy of the model as it scores.</summary>
internal sealed record TrainingMetrics(
    string Device,
    string Precision,
    string Architecture,
    string Recipe,
    int? ImageSize,
    int BatchSize,
    long TrainImages,
    long TestImages,
    long Parameters,
    IReadOnlyList<TrainingMetrics.EpochRow> Epochs,
    double? TestAccuracy,
    double ImagesPerSecond,
    double TotalSeconds,
    long PeakMemoryBytes)
{
    public static TrainingMetrics Of(ResNetModel model, ResNetTrainer.Options options, double? testAccuracy, double totalSeconds)
    {
        var history = model.History;
        return new(
            model.Training.Device,
            model.Training.Precision,
            model.Architecture.Name,
            model.Training.Recipe.ToString().ToLowerInvariant(),
            options.ImageSize,
            model.Training.BatchSize,
            model.Training.Images,
            options.ValidationSet?.GetRowCount() ?? 0,
            model.ParameterCount,
            [.. history.Select(epoch => new EpochRow(
                epoch.Epoch, epoch.TrainLoss, epoch.TrainAccuracy, epoch.ValidationLoss, epoch.ValidationAccuracy, epoch.ImagesPerSecond, epoch.Seconds))],
            testAccuracy,
            history.Select(epoch => epoch.ImagesPerSecond).DefaultIfEmpty().Average(),
            totalSeconds,
            Process.GetCurrentProcess().PeakWorkingSet64);
    }

    internal sealed record EpochRow(
        int Epoch, double TrainLoss, double TrainAccuracy, double? TestLoss, double? TestAccuracy, double ImagesPerSecond, double Seconds);
}
