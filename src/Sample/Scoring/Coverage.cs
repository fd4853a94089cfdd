namespace ResNetMLNet.Sample.Scoring;

/// <summary>
/// What is gained by not deciding where the probability is low: how many images are left, and how many of those are right.
/// </summary>
/// <param name="Threshold">The least probability with which an image is decided.</param>
/// <param name="Share">The share of images that are.</param>
/// <param name="Accuracy">The share of those that are given their class; null where there are none.</param>
public sealed record Coverage(double Threshold, double Share, double? Accuracy)
{
    private const int CurvePoints = 100;

    private static readonly double[] _thresholds = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999];

    /// <summary>For thresholds that one would choose.</summary>
    internal static IReadOnlyList<Coverage> Table(IReadOnlyList<ScoredImage> images) => [.. _thresholds.Select(threshold =>
    {
        var decided = images.Where(image => image.Probability >= threshold).ToArray();
        return new Coverage(
            threshold,
            (double)decided.Length / Math.Max(1, images.Count),
            ScoredImage.Accuracy(decided));
    })];

    /// <summary>The whole curve, from the surest images to all of them.</summary>
    internal static IReadOnlyList<Coverage> Curve(IReadOnlyList<ScoredImage> images)
    {
        var surest = images.OrderByDescending(image => image.Probability).ToArray();
        var (points, right, last) = (new List<Coverage>(), 0, 0);
        for (var decided = 1; decided <= surest.Length; decided++)
        {
            var image = surest[decided - 1];
            right += image.IsRight ? 1 : 0;

            // Images of equal probability are decided together.
            var isLast = decided == surest.Length;
            var isWhole = isLast || surest[decided].Probability < image.Probability;
            if (isLast || (isWhole && (decided - last) * CurvePoints >= surest.Length))
            {
                points.Add(new(image.Probability, (double)decided / surest.Length, (double)right / decided));
                last = decided;
            }
        }

        return points;
    }
}
