namespace ResNetMLNet.Training;

/// <summary>
/// The expected calibration error (Naeini et al., 2015): how far the accuracy of images and their mean probability are apart, in bins of
/// equal width, averaged over the images.
/// </summary>
internal sealed class CalibrationBins
{
    /// <summary>As many as Guo et al. (2017) take.</summary>
    public const int Count = 15;

    private readonly double[] _weights = new double[Count];
    private readonly double[] _gaps = new double[Count];

    /// <summary>The error, in [0, 1]; not a number where there is no image that counts.</summary>
    public double Error => _gaps.Sum(Math.Abs) / _weights.Sum();

    /// <summary>Adds an image.</summary>
    /// <param name="probability">The probability of its likeliest class.</param>
    /// <param name="isRight">Whether that is its class.</param>
    /// <param name="weight">How much it counts.</param>
    public void Add(double probability, bool isRight, double weight = 1)
    {
        // A bin has its upper bound and not its lower one.
        var bin = Math.Clamp((int)Math.Ceiling(probability * Count) - 1, 0, Count - 1);
        _weights[bin] += weight;
        _gaps[bin] += weight * ((isRight ? 1 : 0) - probability);
    }
}
