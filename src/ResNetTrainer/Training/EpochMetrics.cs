namespace ResNetMLNet;

/// <summary>What an epoch of training came to.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="NumberOfEpochs">How many there will be.</param>
/// <param name="TrainLoss">Mean cross-entropy over the pictures as they were trained on, in nats.</param>
/// <param name="TrainAccuracy">Share of the pictures whose class was the likeliest, as they were trained on, in [0, 1].</param>
/// <param name="ValidationLoss">Mean cross-entropy over the validation set; null without one.</param>
/// <param name="ValidationAccuracy">Share of the validation set whose class is the likeliest; null without one.</param>
/// <param name="LearningRate">The learning rate of the epoch's last step.</param>
/// <param name="ImagesPerSecond">Pictures trained on a second, without the validation.</param>
/// <param name="Seconds">Seconds that the epoch took, validation included.</param>
public sealed record EpochMetrics(
    int Epoch,
    int NumberOfEpochs,
    double TrainLoss,
    double TrainAccuracy,
    double? ValidationLoss,
    double? ValidationAccuracy,
    double LearningRate,
    double ImagesPerSecond,
    double Seconds)
{
    /// <summary>A metric as a number of which more is better; not a number where there was no validation set.</summary>
    internal double Goodness(TrainingMetric metric) => metric switch
    {
        TrainingMetric.TrainLoss => -TrainLoss,
        TrainingMetric.TrainAccuracy => TrainAccuracy,
        TrainingMetric.ValidationAccuracy => ValidationAccuracy ?? double.NaN,
        _ => -ValidationLoss ?? double.NaN,
    };
}
