using System.Globalization;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>Whether pixels that are floats are in [0, 1] where the network takes them to be.</summary>
internal static class PixelScale
{
    /// <summary>What no pixel in [0, 1] is: resizing overshoots by less, and pixels of 0 to 255 are far beyond.</summary>
    public const float Most = 16;

    // A rounded 1 / 255, or a resizing that overshoots, is no scale of its own.
    private const float MostOfShare = 1.1f;

    /// <summary>The largest pixel of a column, as the network sees it; null where floats are whatever they are.</summary>
    public static float? LargestOf(FeatureKind kind) => kind == FeatureKind.Floats ? null : 1;

    /// <summary>The largest pixel that weights were trained on which came with statistics of pixels in [0, 1]; null without.</summary>
    public static float? LargestOf(PixelStatistics? statistics) => statistics is null ? null : 1;

    /// <summary>Whether a network that was trained on such pixels takes no others than those in [0, 1].</summary>
    public static bool IsShare(float? largest) => largest <= MostOfShare;

    /// <summary>Whether pixels are not in [0, 1].</summary>
    public static bool IsBeyond(float? largest) => largest > Most;

    /// <summary>
    /// Whether one of two data sets has pixels in [0, 1], and the other has not. What is all black, as the beginning of one that is not
    /// read in full may be, tells nothing.
    /// </summary>
    public static bool Differs(float? one, float? other) =>
        one != 0 && other != 0 && ((IsShare(one) && IsBeyond(other)) || (IsBeyond(one) && IsShare(other)));

    /// <summary>Says so where a training goes on with pixels on another scale.</summary>
    /// <param name="channel">Where to.</param>
    /// <param name="what">What it goes on from, at the beginning of a sentence: "The model to start from was".</param>
    /// <param name="then">The largest pixel that this was trained on.</param>
    /// <param name="now">The largest there is now.</param>
    public static void WarnOfAnother(IChannel channel, string what, float? then, float? now)
    {
        if (then is { } before && now is { } after && Differs(before, after))
        {
            channel.Warn(
                $"{what} trained on pixels of up to {Text(before)}, and these go up to {Text(after)}. Scale them alike: bytes and images "
                + "are in [0, 1], and ExtractPixels has scaleImage.");
        }
    }

    /// <summary>
    /// What is wrong with bytes, which are scaled to [0, 1], for a network that was trained on floats up to the largest; null where nothing
    /// is.
    /// </summary>
    public static string? ProblemOfBytes(float? largest) => largest is { } pixel && IsBeyond(pixel)
        ? $"The network was trained on floats of up to {Text(pixel)}, and bytes and images are scaled to [0, 1]. Give it floats as in "
            + "training, or train on bytes, or on floats in [0, 1] (ExtractPixels has scaleImage: 1 / 255f)."
        : null;

    /// <summary>Says so where they are not as the statistics have it that came with the weights to start from.</summary>
    public static void Check(IChannel channel, DatasetStatistics data, NetworkPlan network)
    {
        if (network.Statistics is { } statistics && IsBeyond(data.LargestPixel))
        {
            channel.Warn(
                $"The pixels go up to {Text(data.LargestPixel)}, but the weights to start from take pixels in [0, 1] ({statistics}). "
                + "Scale them: ExtractPixels has scaleImage: 1 / 255f.");
        }
    }

    /// <summary>The error where pixels in [0, 1] are all that a network can be given.</summary>
    public static Exception Error(FeatureRow row, float pixel) => row.Error(
        $"a pixel is {Text(pixel)} where the network takes floats in [0, 1]. Scale them: ExtractPixels has scaleImage: 1 / 255f.");

    private static string Text(float pixel) => pixel.ToString(CultureInfo.InvariantCulture);
}
