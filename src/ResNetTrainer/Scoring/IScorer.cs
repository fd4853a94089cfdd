namespace ResNetMLNet.Scoring;

/// <summary>Images in, class probabilities out. Thread-safe; owns the native network.</summary>
internal interface IScorer : IDisposable
{
    /// <summary>Scores a batch.</summary>
    /// <param name="images">Images as the network sees them, one after the other: (images, channels, height, width).</param>
    /// <param name="probabilities">Takes the probabilities, (images, classes); its length says how many images there are.</param>
    void Score(Memory<float> images, Memory<float> probabilities);
}
