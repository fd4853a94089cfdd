using System.Globalization;

namespace ResNetMLNet;

/// <summary>What an epoch of training came to.</summary>
public sealed record EpochMetrics
{
    /// <summary>The epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>How many there will be.</summary>
    public required int NumberOfEpochs { get; init; }

    /// <summary>Mean cross-entropy over the images as they were trained on, in nats, with label smoothing.</summary>
    public required double TrainLoss { get; init; }

    /// <summary>Share of the images whose class was the likeliest, as they were trained on, in [0, 1].</summary>
    public required double TrainAccuracy { get; init; }

    /// <summary>Mean cross-entropy over the validation set; null without one.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Share of the validation set whose class is the likeliest; null without one.</summary>
    public double? ValidationAccuracy { get; init; }

    /// <summary>The learning rate of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>
    /// The images that were trained on: fewer than there are where <see cref="ResNetTrainer.Options.DataPruning"/> left some out. Null in
    /// models and checkpoints of earlier versions.
    /// </summary>
    public long? NumberOfImages { get; init; }

    /// <summary>Images trained on a second, without the validation.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Seconds that the epoch took, validation included.</summary>
    public required double Seconds { get; init; }

    /// <summary>The metrics in a line, as <c>mlContext.Log</c> has them: <c>EpochCallback = Console.WriteLine</c> shows them.</summary>
    public override string ToString()
    {
        var validation = ValidationAccuracy is null
            ? ""
            : FormattableString.Invariant($", validation loss {ValidationLoss:F4}, validation accuracy {ValidationAccuracy:F4}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {Epoch} of {NumberOfEpochs}: train loss {TrainLoss:F4}, train accuracy {TrainAccuracy:F4}{validation}, "
            + $"{ImagesPerSecond:F0} images/s, {Seconds:F1} s, learning rate {LearningRate:G4}");
    }

    /// <summary>A metric as a number of which more is better; not a number where there was no validation set.</summary>
    internal double Score(TrainingMetric metric) => metric switch
    {
        TrainingMetric.TrainLoss => -TrainLoss,
        TrainingMetric.TrainAccuracy => TrainAccuracy,
        TrainingMetric.ValidationAccuracy => ValidationAccuracy ?? double.NaN,
        _ => -ValidationLoss ?? double.NaN,
    };
}
