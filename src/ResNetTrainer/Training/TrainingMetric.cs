namespace ResNetMLNet;

/// <summary>A number of <see cref="EpochMetrics"/> by which epochs are compared.</summary>
public enum TrainingMetric
{
    /// <summary>The loss over the validation set; less is better.</summary>
    ValidationLoss,

    /// <summary>The accuracy over the validation set; more is better.</summary>
    ValidationAccuracy,

    /// <summary>The loss over the training pictures; less is better.</summary>
    TrainLoss,

    /// <summary>The accuracy over the training pictures; more is better.</summary>
    TrainAccuracy,
}
