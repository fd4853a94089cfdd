namespace ResNetMLNet.Sample.Scoring;

/// <summary>
/// Whether probabilities mean what they say: of the images that are given a class with 80 %, 80 % should be of it. Bins of equal width,
/// as in Guo et al., On Calibration of Modern Neural Networks (2017).
/// </summary>
/// <param name="Bins">The bins, from the least probability to the greatest; without images too.</param>
/// <param name="Error">
/// The expected calibration error: the mean over all images of how far accuracy and mean probability of their bin are apart.
/// </param>
public sealed record Calibration(IReadOnlyList<Calibration.Bin> Bins, double Error)
{
    public const int NumberOfBins = 15;

    internal static Calibration Of(IReadOnlyList<ScoredImage> images)
    {
        var binned = images.ToLookup(image => IndexOf(image.Probability));
        Bin[] bins = [.. Enumerable.Range(0, NumberOfBins).Select(index => Bin.Of(index, [.. binned[index]]))];
        return new(bins, bins.Sum(bin => bin.Images * bin.Gap) / Math.Max(1, images.Count));
    }

    // A bin has its upper bound and not its lower one.
    private static int IndexOf(float probability) =>
        Math.Clamp((int)Math.Ceiling((double)probability * NumberOfBins) - 1, 0, NumberOfBins - 1);

    /// <summary>The images whose probability lies in an interval.</summary>
    /// <param name="From">Where the interval begins.</param>
    /// <param name="To">Where it ends.</param>
    /// <param name="Images">How many there are.</param>
    /// <param name="Accuracy">The share that was given its class; null without images.</param>
    /// <param name="Probability">The mean probability; null without images.</param>
    public sealed record Bin(double From, double To, int Images, double? Accuracy, double? Probability)
    {
        internal double Gap => Math.Abs((Accuracy - Probability) ?? 0);

        internal static Bin Of(int index, ScoredImage[] images) => new(
            (double)index / NumberOfBins,
            (double)(index + 1) / NumberOfBins,
            images.Length,
            ScoredImage.Accuracy(images),
            images.Average(image => (double?)image.Probability));
    }
}
