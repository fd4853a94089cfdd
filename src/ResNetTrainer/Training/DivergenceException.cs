namespace ResNetMLNet.Training;

/// <summary>A loss, the weights or the scores became infinite or not a number.</summary>
internal sealed class DivergenceException(string message) : Exception(message)
{
    public required int Epoch { get; init; }

    public required long Step { get; init; }

    public required double LearningRate { get; init; }
}
