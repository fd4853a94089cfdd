using ResNetMLNet.Formats;

namespace ResNetMLNet.Network.Importing;

/// <summary>
/// A first convolution for images of other channels than the network's, so that it computes the same: of grey images as if they had been
/// given to it in colours, of colours their mean. (But for zeros beyond the border, which are then another grey.)
/// </summary>
/// <param name="stem">Its weights, (outputs, channels, height, width).</param>
/// <param name="then">What its images were standardised by, channel by channel; null for nothing.</param>
/// <param name="now">What the network's are standardised by; null for nothing.</param>
internal sealed class StemChannels(NamedTensors.Values stem, PixelStatistics? then, PixelStatistics? now)
{
    private readonly int _from = (int)stem.Shape[1];
    private readonly int _size = (int)(stem.Shape[2] * stem.Shape[3]);

    // Those of one channel may have been said for three.
    private readonly PixelStatistics? _then = then?.For((int)stem.Shape[1]);

    /// <summary>That of a file; null where the network's has as many channels, or differs in more.</summary>
    /// <param name="file">Weights of the same network.</param>
    /// <param name="plan">The network.</param>
    /// <param name="seen">What the file's network does to pixels; null for nothing.</param>
    public static StemChannels? Of(NamedTensors file, NetworkPlan plan, PixelStatistics? seen) =>
        file.Tensors.TryGetValue(plan.Stem.Weight.Name, out var stem)
        && stem.Shape is [var outputs, 1 or 3, var height, var width]
        && stem.Shape[1] != plan.Input.Channels
        && ((long[])[outputs, plan.Input.Channels, height, width]).SequenceEqual(plan.Stem.Weight.Shape)
            ? new(stem, seen, plan.Statistics)
            : null;

    /// <summary>The weights for so many channels.</summary>
    public float[] Weights(int to)
    {
        var outputs = (int)stem.Shape[0];
        var values = new float[outputs * to * _size];
        for (var output = 0; output < outputs; output++)
        {
            for (var channel = 0; channel < _from; channel++)
            {
                // What is grey is the same in all three channels: it sees the sum of their weights.
                var factor = (to == 1 ? DeviationOf(now, 0) / DeviationOf(_then, channel) : 1) / to;
                var kernel = Kernel(output, channel);
                for (var i = 0; i < to * _size; i++)
                {
                    values[(output * to * _size) + i] += (float)(kernel[i % _size] * factor);
                }
            }
        }

        return values;
    }

    /// <summary>
    /// What colours add to each output that grey does not: each channel has a mean of its own, and they are at once seen from their common
    /// one. To be taken off the running mean of the normalisation behind it.
    /// </summary>
    public double[] Offsets() =>
    [
        .. Enumerable.Range(0, (int)stem.Shape[0]).Select(output => Enumerable.Range(0, _from).Sum(channel =>
            Kernel(output, channel).ToArray().Sum(weight => (double)weight) * (MeanOf(now, 0) - MeanOf(_then, channel))
            / DeviationOf(_then, channel))),
    ];

    private ReadOnlySpan<float> Kernel(int output, int channel) => stem.Data.AsSpan(((output * _from) + channel) * _size, _size);

    private static double MeanOf(PixelStatistics? statistics, int channel) => statistics?.Mean[channel] ?? 0;

    private static double DeviationOf(PixelStatistics? statistics, int channel) => statistics?.Deviation[channel] ?? 1;
}
