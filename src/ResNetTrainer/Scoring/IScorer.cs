namespace ResNetMLNet.Scoring;

/// <summary>Images in, what the network makes of them out: probabilities, or features. Thread-safe; owns the native network.</summary>
internal interface IScorer : IDisposable
{
    /// <summary>Scores a batch.</summary>
    /// <param name="images">Images as the network sees them, one after the other: (images, channels, height, width).</param>
    /// <param name="outputs">
    /// Takes the probabilities, (images, classes), or the features, (images, features); its length says how many images there are.
    /// </param>
    void Score(Memory<float> images, Memory<float> outputs);
}
