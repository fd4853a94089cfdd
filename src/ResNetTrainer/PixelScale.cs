using System.Globalization;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet;

/// <summary>Whether pixels that are floats are as the network's statistics take them to be, in [0, 1].</summary>
internal static class PixelScale
{
    // Resizing may overshoot; pixels of 0 to 255 are far beyond.
    private const float Most = 16;

    public static void Check(IChannel channel, DatasetStatistics data, NetworkPlan network)
    {
        if (network.Statistics is { } statistics && data.LargestPixel > Most)
        {
            channel.Warn(
                $"The pixels go up to {data.LargestPixel.ToString(CultureInfo.InvariantCulture)}, but the weights to start from "
                + $"take pixels in [0, 1] ({statistics}). Scale them: ExtractPixels has scaleImage: 1 / 255f.");
        }
    }
}
