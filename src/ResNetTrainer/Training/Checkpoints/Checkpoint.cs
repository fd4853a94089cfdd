using ResNetMLNet.Formats;

namespace ResNetMLNet.Training.Checkpoints;

/// <summary>A state of training in managed memory, from which training can go on.</summary>
internal sealed record Checkpoint
{
    /// <summary>Steps done of the current epoch.</summary>
    public required long Step { get; init; }

    /// <summary>The sums of loss, hits and weights of the current epoch.</summary>
    public required double[] MetricSums { get; init; }

    /// <summary>Seconds spent on the current epoch.</summary>
    public required double Seconds { get; init; }

    /// <summary>The epochs done.</summary>
    public required EpochMetrics[] History { get; init; }

    /// <summary>The epoch of <see cref="Best"/>, from 1.</summary>
    public required int? BestEpoch { get; init; }

    public required NamedTensors Network { get; init; }

    /// <summary>The moving average of the weights, where there is one.</summary>
    public NamedTensors? Average { get; init; }

    /// <summary>The optimizer's.</summary>
    public required NamedTensors Velocity { get; init; }

    /// <summary>The weights of the best epoch, where they are kept.</summary>
    public required NamedTensors? Best { get; init; }

    /// <summary>The weights after the last epoch, where others have been trained since.</summary>
    public NamedTensors? LastEpoch { get; init; }

    /// <summary>What <see cref="DataPruning"/> knows of the images, where some are left out.</summary>
    public NamedTensors? Pruning { get; init; }
}
