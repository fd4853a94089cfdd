using System.Globalization;

namespace ResNetMLNet;

/// <summary>
/// What a network does to pixels in [0, 1] before anything else: (pixel - mean) / deviation, channel by channel, or with a mean for every
/// pixel. It belongs to the weights that were trained with it, and so it is part of the model.
/// </summary>
public sealed class PixelStatistics
{
    /// <summary>Creates statistics.</summary>
    /// <param name="mean">The mean of each channel: red, green, blue, or grey alone.</param>
    /// <param name="deviation">The standard deviation of each channel.</param>
    /// <exception cref="ArgumentException">
    /// There is neither one channel nor three, or a value is not finite, or a deviation is not positive.
    /// </exception>
    public PixelStatistics(IReadOnlyList<float> mean, IReadOnlyList<float> deviation)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(deviation);
        if (mean.Count is not (1 or 3) || deviation.Count != mean.Count || !mean.Concat(deviation).All(float.IsFinite)
            || deviation.Any(value => value <= 0))
        {
            throw new ArgumentException(
                "There must be one finite mean and one positive deviation for each of 1 or 3 channels.", nameof(mean));
        }

        (Mean, Deviation) = ([.. mean], [.. deviation]);
    }

    /// <summary>Creates statistics with a mean for every pixel.</summary>
    /// <param name="meanImage">The mean image; for images of another size it is resized to theirs.</param>
    /// <param name="deviation">The standard deviation of each channel.</param>
    /// <exception cref="ArgumentException">There is not one positive and finite deviation for each channel.</exception>
    public PixelStatistics(MeanImage meanImage, IReadOnlyList<float> deviation)
        : this((meanImage ?? throw new ArgumentNullException(nameof(meanImage))).ChannelMeans, deviation) => MeanImage = meanImage;

    /// <summary>Those of ImageNet, which nearly all published weights were trained with.</summary>
    public static PixelStatistics ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>Pixels stay as they are, in [0, 1].</summary>
    public static PixelStatistics None { get; } = new([0], [1]);

    /// <summary>The mean of each channel.</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>The standard deviation of each channel.</summary>
    public IReadOnlyList<float> Deviation { get; }

    /// <summary>The mean of each pixel; null where that of each channel is what counts.</summary>
    public MeanImage? MeanImage { get; }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant(
        $"mean ({Text(Mean)}), deviation ({Text(Deviation)}){(MeanImage is null ? "" : $", {MeanImage}")}");

    // Part of a training's identity: the same in every culture.
    private static string Text(IReadOnlyList<float> values) =>
        string.Join(", ", values.Select(value => value.ToString(CultureInfo.InvariantCulture)));

    internal bool ChangesNothing => MeanImage is null && Mean.All(value => value == 0) && Deviation.All(value => value == 1);

    /// <summary>The same with the channels the other way round.</summary>
    internal PixelStatistics Reversed() => MeanImage is { } image
        ? new(image.Reversed(), [.. Deviation.Reverse()])
        : new([.. Mean.Reverse()], [.. Deviation.Reverse()]);

    /// <summary>The same for so many channels: grey has the mean of the colours'; null where they change nothing.</summary>
    internal PixelStatistics? For(int channels) =>
        ChangesNothing ? null :
        channels == Mean.Count ? this :
        MeanImage is not null ? new(MeanImage.For(channels), [.. Enumerable.Repeat(Deviation.Average(), channels)]) :
        channels == 1 ? new([Mean.Average()], [Deviation.Average()]) :
        new([.. Enumerable.Repeat(Mean[0], channels)], [.. Enumerable.Repeat(Deviation[0], channels)]);
}
