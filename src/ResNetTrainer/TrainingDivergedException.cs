using ResNetMLNet.Training;

namespace ResNetMLNet;

/// <summary>The loss of training became infinite or not a number.</summary>
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

    /// <summary>The model as it was after the last epoch that went well; null when it was the first that went wrong. The caller disposes it.</summary>
    public ResNetTransformer? LastGoodModel { get; }
}
