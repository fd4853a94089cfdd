namespace ResNetMLNet;

/// <summary>What <c>Fit</c> does when it is cancelled.</summary>
public enum CancellationBehavior
{
    /// <summary>Throws an <see cref="OperationCanceledException"/>, as .NET methods do.</summary>
    Throw,

    /// <summary>Returns the model as it stands; its <see cref="TrainingSummary.Outcome"/> is <see cref="TrainingOutcome.Cancelled"/>.</summary>
    ReturnModel,
}
