namespace ResNetMLNet;

/// <summary>The loss, the weights or the scores became infinite or not a number.</summary>
public sealed class TrainingDivergedException : InvalidOperationException
{
    internal TrainingDivergedException(Training.DivergenceException cause, ResNetTransformer? lastGoodModel)
        : base(cause.Message, cause)
    {
        (Epoch, Step, LearningRate) = (cause.Epoch, cause.Step, cause.LearningRate);
        LastGoodModel = lastGoodModel;
    }

    /// <summary>The epoch, from 1.</summary>
    public int Epoch { get; }

    /// <summary>The step within the epoch, from 1.</summary>
    public long Step { get; }

    /// <summary>The learning rate of that step.</summary>
    public double LearningRate { get; }

    /// <summary>
    /// The model as it was after the last epoch that went well; null when it was the first that went wrong, or when training had gone on
    /// within an epoch from a checkpoint of version 0.1. The caller disposes it.
    /// </summary>
    public ResNetTransformer? LastGoodModel { get; }
}
