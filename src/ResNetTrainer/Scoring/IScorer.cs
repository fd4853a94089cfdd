namespace ResNetMLNet.Scoring;

/// <summary>Pictures in, class probabilities out. Thread-safe; owns the native network.</summary>
internal interface IScorer : IDisposable
{
    /// <summary>Scores a batch.</summary>
    /// <param name="pictures">Pictures as the network sees them, one after the other: (pictures, channels, height, width).</param>
    /// <param name="probabilities">Takes the probabilities, (pictures, classes); its length says how many pictures there are.</param>
    void Score(Memory<float> pictures, Memory<float> probabilities);
}
