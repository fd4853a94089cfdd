using System.Diagnostics;
using Microsoft.ML;

namespace ResNetMLNet.Sample;

/// <summary>
/// What a training run came to, as metrics.json has it: the epochs as the trainer saw them, the accuracy of the model as it scores.
/// The order of the members is that of the file.
/// </summary>
internal sealed record TrainingMetrics
{
    public required string Device { get; init; }

    public required string Precision { get; init; }

    public required string Architecture { get; init; }

    public required string Recipe { get; init; }

    public required int? ImageSize { get; init; }

    public required int BatchSize { get; init; }

    public required double LearningRate { get; init; }

    public required int Seed { get; init; }

    public required string ResizeMode { get; init; }

    public required string ClassWeights { get; init; }

    /// <summary>As it was given; null where it was left to the recipe.</summary>
    public required string? Augmentation { get; init; }

    /// <summary>Whether no image was ever mirrored.</summary>
    public required bool NeverFlipped { get; init; }

    /// <summary>What training started from: none, model, imagenet, or the name of a file of weights.</summary>
    public required string Start { get; init; }

    /// <summary>As they were given; null where they were left to the recipe.</summary>
    public required int? FrozenStages { get; init; }

    public required long TrainImages { get; init; }

    public required long TestImages { get; init; }

    public required long Parameters { get; init; }

    public required IReadOnlyList<EpochRow> Epochs { get; init; }

    public required double? TestAccuracy { get; init; }

    public required double ImagesPerSecond { get; init; }

    public required double TotalSeconds { get; init; }

    public required long PeakMemoryBytes { get; init; }

    public static TrainingMetrics Of(
        ResNetModel model, ResNetTrainer.Options options, string start, double? testAccuracy, double totalSeconds) => new()
        {
            Device = model.Training.Device,
            Precision = model.Training.Precision,
            Architecture = model.Architecture.Name,
            Recipe = model.Training.Recipe.ToString().ToLowerInvariant(),
            ImageSize = options.ImageSize,
            BatchSize = model.Training.BatchSize,
            LearningRate = model.Training.LearningRate,
            Seed = model.Training.Seed,
            ResizeMode = model.ResizeMode.ToString().ToLowerInvariant(),
            ClassWeights = options.ClassWeights.ToString().ToLowerInvariant(),
            Augmentation = options.Augmentation?.ToString().ToLowerInvariant(),
            NeverFlipped = model.Training.NeverFlipped,
            Start = start,
            FrozenStages = options.FrozenStages,
            TrainImages = model.Training.Images,
            TestImages = options.ValidationSet is { } test ? Rows(test) : 0,
            Parameters = model.ParameterCount,
            Epochs = [.. model.History.Select(EpochRow.Of)],
            TestAccuracy = testAccuracy,
            ImagesPerSecond = model.History.Select(epoch => epoch.ImagesPerSecond).DefaultIfEmpty().Average(),
            TotalSeconds = totalSeconds,
            PeakMemoryBytes = PeakMemory(),
        };

    /// <summary>The most memory that this process has had, in bytes; on macOS, which does not say, what it has now.</summary>
    internal static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return Math.Max(process.PeakWorkingSet64, process.WorkingSet64);
    }

    // A part of a folder does not know how many it has.
    private static long Rows(IDataView data)
    {
        if (data.GetRowCount() is { } known)
        {
            return known;
        }

        using var cursor = data.GetRowCursor([]);
        var rows = 0L;
        while (cursor.MoveNext())
        {
            rows++;
        }

        return rows;
    }

    internal sealed record EpochRow
    {
        public required int Epoch { get; init; }

        public required double TrainLoss { get; init; }

        public required double TrainAccuracy { get; init; }

        public required double? TestLoss { get; init; }

        public required double? TestAccuracy { get; init; }

        public required double ImagesPerSecond { get; init; }

        public required double Seconds { get; init; }

        public static EpochRow Of(EpochMetrics epoch) => new()
        {
            Epoch = epoch.Epoch,
            TrainLoss = epoch.TrainLoss,
            TrainAccuracy = epoch.TrainAccuracy,
            TestLoss = epoch.ValidationLoss,
            TestAccuracy = epoch.ValidationAccuracy,
            ImagesPerSecond = epoch.ImagesPerSecond,
            Seconds = epoch.Seconds,
        };
    }
}
