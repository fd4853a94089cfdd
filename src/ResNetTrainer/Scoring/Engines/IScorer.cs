namespace ResNetMLNet.Scoring.Engines;

/// <summary>
/// Images in, so many numbers out for each: probabilities, features, or a heat map. Thread-safe; owns the native network.
/// </summary>
internal interface IScorer : IDisposable
{
    /// <summary>Whether the processors have nothing else to do while it scores.</summary>
    bool LeavesProcessorsFree { get; }

    /// <summary>Scores a batch.</summary>
    /// <param name="images">Images as the network sees them, one after the other: (images, channels, height, width).</param>
    /// <param name="outputs">Takes the numbers of each image in turn; its length says how many images there are.</param>
    void Score(Memory<float> images, Memory<float> outputs);
}
