namespace ResNetMLNet;

/// <summary>How training ended.</summary>
public enum TrainingOutcome
{
    /// <summary>With its last epoch.</summary>
    Completed,

    /// <summary>By <see cref="EarlyStopping"/>.</summary>
    StoppedEarly,

    /// <summary>By cancellation; the model is as it stood.</summary>
    Cancelled,

    /// <summary>By a loss that became infinite or not a number; the model is that of the epoch before (<see cref="TrainingDivergedException.LastGoodModel"/>).</summary>
    Diverged,
}
