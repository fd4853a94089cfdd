namespace ResNetMLNet;

/// <summary>The loss of training became infinite or not a number.</summary>
public sealed class TrainingDivergedException : InvalidOperationException
{
    internal TrainingDivergedException(string message, int epoch, long step, double learningRate)
        : base(message)
    {
        Epoch = epoch;
        Step = step;
        LearningRate = learningRate;
    }

    internal TrainingDivergedException(TrainingDivergedException cause, ResNetTransformer? lastGoodModel)
        : this(cause.Message, cause.Epoch, cause.Step, cause.LearningRate) =>
        LastGoodModel = lastGoodModel;

    /// <summary>The epoch, from 1.</summary>
    public int Epoch { get; }

    /// <summary>The step within the epoch, from 1.</summary>
    public long Step { get; }

    /// <summary>The learning rate of that step.</summary>
    public double LearningRate { get; }

    /// <summary>The model as it was after the last epoch that went well; null when it was the first that went wrong. The caller disposes it.</summary>
    public ResNetTransformer? LastGoodModel { get; }
}
