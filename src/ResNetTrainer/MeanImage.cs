namespace ResNetMLNet;

/// <summary>
/// The mean of the images that weights were trained on, pixel by pixel: some networks subtract it where most subtract the mean of each
/// channel. See <see cref="PixelStatistics"/>.
/// </summary>
public sealed class MeanImage
{
    private readonly float[] _pixels;

    /// <summary>Creates a mean image.</summary>
    /// <param name="height">Its height in pixels.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="pixels">
    /// Its pixels in [0, 1], channel by channel and row by row: (channels, height, width), red, green, blue, or grey alone.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There are not height x width pixels of one channel or three, or one of them is not finite.
    /// </exception>
    public MeanImage(int height, int width, IReadOnlyList<float> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentNullException.ThrowIfNull(pixels);
        var size = (long)height * width;
        if ((pixels.Count != size && pixels.Count != 3 * size) || !pixels.All(float.IsFinite))
        {
            throw new ArgumentException(
                $"There must be {size} finite values for each of 1 or 3 channels, but there are {pixels.Count}.", nameof(pixels));
        }

        (Height, Width, _pixels) = (height, width, [.. pixels]);
    }

    /// <summary>The channels: 1 (grey) or 3 (red, green, blue).</summary>
    public int Channels => _pixels.Length / (Height * Width);

    /// <summary>The height in pixels.</summary>
    public int Height { get; }

    /// <summary>The width in pixels.</summary>
    public int Width { get; }

    /// <summary>The pixels in [0, 1]: (channels, height, width).</summary>
    public IReadOnlyList<float> Pixels => _pixels;

    /// <inheritdoc/>
    public override string ToString() => $"mean image of {Height}x{Width}";

    /// <summary>The pixels; not to be changed.</summary>
    internal float[] Values => _pixels;

    /// <summary>The mean of each channel.</summary>
    internal float[] ChannelMeans => [.. _pixels.Chunk(Height * Width).Select(channel => channel.Average())];

    /// <summary>The same with the channels the other way round.</summary>
    internal MeanImage Reversed() => new(Height, Width, [.. _pixels.Chunk(Height * Width).Reverse().SelectMany(channel => channel)]);

    /// <summary>The same for so many channels: grey is the mean of the colours.</summary>
    internal MeanImage For(int channels)
    {
        if (channels == Channels)
        {
            return this;
        }

        var (size, own) = (Height * Width, Channels);
        var grey = Enumerable.Range(0, size).Select(at => Enumerable.Range(0, own).Average(channel => _pixels[(channel * size) + at]));
        return new(Height, Width, [.. Enumerable.Repeat(grey.ToArray(), channels).SelectMany(pixels => pixels)]);
    }
}
