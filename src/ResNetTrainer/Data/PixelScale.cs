using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>Whether pixels that are floats are on the scale on which the network takes them to be.</summary>
internal static class PixelScale
{
    // What no pixel in [0, 1] is: resizing overshoots by less, and pixels of 0 to 255 are far beyond.
    private const float Most = 16;

    // A rounded 1 / 255, or a resizing that overshoots, is no scale of its own.
    private const float MostOfShare = 1.1f;
    private const float LeastOfShare = -0.1f;

    // What no pixel in [0, 1] is, but the black of standardised ones.
    private const float MostOfCentred = -0.25f;

    /// <summary>
    /// Whether one of two data sets has pixels of 0 to 255, and the other has not; or one pixels around zero, and the other in [0, 1]. What
    /// is all black, as the beginning of one that is not read in full may be, tells nothing.
    /// </summary>
    public static bool Differs(PixelRange one, PixelRange other) => !one.IsBlack && !other.IsBlack
        && (AreBeyond(one, other) || AreBeyond(other, one));

    /// <summary>Says so where a training goes on with pixels on another scale.</summary>
    /// <param name="channel">Where to.</param>
    /// <param name="what">What it goes on from, at the beginning of a sentence: "The model to start from was".</param>
    /// <param name="then">The pixels that this was trained on; null where that is not known.</param>
    /// <param name="now">Those there are now.</param>
    public static void WarnOfAnother(IChannel channel, string what, PixelRange? then, PixelRange now)
    {
        if (then is { } before && Differs(before, now))
        {
            channel.Warn(
                $"{what} trained on pixels of {before}, and these are of {now}. Scale them alike: bytes and images are in [0, 1], and "
                + "ExtractPixels has scaleImage.");
        }
    }

    /// <summary>
    /// What is wrong with bytes, which are scaled to [0, 1], for a network that was trained on such pixels; null where nothing is.
    /// </summary>
    public static string? ProblemOfBytes(PixelRange? range) => range is { } pixels && AreBeyond(PixelRange.OfImages, pixels)
        ? $"The network was trained on floats of {pixels}, and bytes and images are scaled to [0, 1]. Give it floats as in training, or "
            + "train on bytes, or on floats in [0, 1] (ExtractPixels has scaleImage: 1 / 255f)."
        : null;

    /// <summary>Says so where they are not as the statistics have it that came with the weights to start from.</summary>
    public static void Check(IChannel channel, DatasetStatistics data, NetworkPlan network)
    {
        if (network.Statistics is { } statistics && AreBeyond(PixelRange.OfImages, data.Pixels))
        {
            channel.Warn(
                $"The pixels are of {data.Pixels}, but the weights to start from take pixels in [0, 1], and standardise them by "
                + $"themselves ({statistics}). Scale them: ExtractPixels has scaleImage: 1 / 255f, and no offset.");
        }
    }

    /// <summary>The error where a network is given floats on another scale than it was trained on; null where nothing is wrong.</summary>
    /// <param name="row">Whose pixels they are.</param>
    /// <param name="pixels">The pixels.</param>
    /// <param name="trained">Those that the network was trained on; null where they are not known.</param>
    public static Exception? ErrorOf(FeatureRow row, PixelRange pixels, PixelRange? trained)
    {
        if (trained is not { } range || !AreBeyond(range, pixels))
        {
            return null;
        }

        var wrong = IsBeyond(pixels) ? pixels.Largest : pixels.Smallest;
        var (takes, scale) = IsCentred(range)
            ? ($"floats of {range}", "as in training (ExtractPixels has offsetImage and scaleImage)")
            : ("floats in [0, 1]", "ExtractPixels has scaleImage: 1 / 255f, and no offset");
        return row.Error(FormattableString.Invariant($"a pixel is {wrong} where the network takes {takes}. Scale them: {scale}."));
    }

    // Whether pixels are none of a scale that ends at 1.
    private static bool AreBeyond(PixelRange scale, PixelRange pixels) =>
        (IsSmall(scale) && IsBeyond(pixels)) || (IsShare(scale) && IsCentred(pixels));

    // At most 1, whatever the smallest.
    private static bool IsSmall(PixelRange pixels) => pixels.Largest <= MostOfShare;

    // In [0, 1].
    private static bool IsShare(PixelRange pixels) => IsSmall(pixels) && pixels.Smallest >= LeastOfShare;

    // Around zero, as those in [-1, 1] are, or standardised ones.
    private static bool IsCentred(PixelRange pixels) => pixels.Smallest < MostOfCentred;

    // Of 0 to 255, say.
    private static bool IsBeyond(PixelRange pixels) => pixels.Largest > Most;
}
