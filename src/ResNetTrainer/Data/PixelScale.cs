using System.Globalization;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>Whether pixels that are floats are in [0, 1] where the network takes them to be.</summary>
internal static class PixelScale
{
    /// <summary>What no pixel in [0, 1] is: resizing overshoots by less, and pixels of 0 to 255 are far beyond.</summary>
    public const float Most = 16;

    /// <summary>Says so where they are not as the statistics have it that came with the weights to start from.</summary>
    public static void Check(IChannel channel, DatasetStatistics data, NetworkPlan network)
    {
        if (network.Statistics is { } statistics && data.LargestPixel > Most)
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
