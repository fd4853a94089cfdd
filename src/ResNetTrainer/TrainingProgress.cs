namespace ResNetMLNet;

/// <summary>What a training is at.</summary>
public enum TrainingPhase
{
    /// <summary>Images are read, and decoded where they are encoded.</summary>
    Reading,

    /// <summary>Images are run once through layers that stay as they are (<see cref="ResNetTrainer.Options.FrozenStages"/>).</summary>
    ComputingFeatures,

    /// <summary>Images are trained on.</summary>
    Training,

    /// <summary>The validation set is scored.</summary>
    Validating,
}

/// <summary>How far a training is, within an epoch too.</summary>
public sealed record TrainingProgress
{
    /// <summary>What it is at.</summary>
    public required TrainingPhase Phase { get; init; }

    /// <summary>The images that are done in this phase of this epoch.</summary>
    public required long Images { get; init; }

    /// <summary>How many there are in this phase of this epoch; null where that is not known, as it is of some data views.</summary>
    public required long? NumberOfImages { get; init; }

    /// <summary>The epoch, from 1; 0 before the first.</summary>
    public int Epoch { get; init; }

    /// <summary>How many there will be; 0 before the first.</summary>
    public int NumberOfEpochs { get; init; }
}
