using System.Text.Json.Serialization;

namespace ResNetMLNet;

/// <summary>How a model came to be.</summary>
public sealed record TrainingSummary
{
    /// <summary>The recipe.</summary>
    public required TrainingRecipe Recipe { get; init; }

    /// <summary>The device that trained: "cpu" or "cuda:n".</summary>
    public required string Device { get; init; }

    /// <summary>What the convolutions computed in: "float32" or "bfloat16".</summary>
    public required string Precision { get; init; }

    /// <summary>The seed, given or drawn.</summary>
    public required int Seed { get; init; }

    /// <summary>Images a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The highest learning rate of the schedule.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The number of training images.</summary>
    public required long Images { get; init; }

    /// <summary>How training ended.</summary>
    public TrainingOutcome Outcome { get; init; }

    /// <summary>The epoch, from 1, whose weights the model has, where the best were asked for; null for the weights at the end.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>
    /// Whether the network began with weights of another origin (<see cref="ResNetTrainer.Options.InitialWeights"/>), in this training or
    /// in that of the model that it was trained further from. Training goes on from it as from such weights.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool FromInitialWeights { get; init; }

    /// <summary>
    /// Whether mirror images were ruled out (<see cref="ResNetTrainer.Options.AllowFlip"/>). Training goes on from the model without them,
    /// unless it is told otherwise.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NeverFlipped { get; init; }

    /// <summary>
    /// What <see cref="ResNetTrainer.Options.Calibrate"/> made of the model's probabilities; null where it was not asked for, or where
    /// training was cancelled or diverged.
    /// </summary>
    public TemperatureScaling? Calibration { get; init; }

    /// <summary>What each epoch came to.</summary>
    public required IReadOnlyList<EpochMetrics> History { get; init; }
}

/// <summary>How training ended.</summary>
public enum TrainingOutcome
{
    /// <summary>With its last epoch.</summary>
    Completed,

    /// <summary>By <see cref="EarlyStopping"/>.</summary>
    StoppedEarly,

    /// <summary>By cancellation; the model is as it stood.</summary>
    Cancelled,

    /// <summary>
    /// By a loss that became infinite or not a number; the model is that of the epoch before
    /// (<see cref="TrainingDivergedException.LastGoodModel"/>).
    /// </summary>
    Diverged,
}

/// <summary>What <c>Fit</c> does when it is cancelled.</summary>
public enum CancellationBehavior
{
    /// <summary>Throws an <see cref="OperationCanceledException"/>, as .NET methods do.</summary>
    Throw,

    /// <summary>
    /// Returns the model as it stands, or that of the best epoch so far with <see cref="ResNetTrainer.Options.BestWeightsBy"/>; its
    /// <see cref="TrainingSummary.Outcome"/> is <see cref="TrainingOutcome.Cancelled"/>. While images are still being read there is none,
    /// and it throws.
    /// </summary>
    ReturnModel,
}
