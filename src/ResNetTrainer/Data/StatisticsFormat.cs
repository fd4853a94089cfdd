using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>Statistics of pixels for the images that a network sees.</summary>
internal static class StatisticsFormat
{
    /// <summary>The same for images of that shape, to whose size a mean image is resized; null where they change nothing.</summary>
    public static PixelStatistics? For(this PixelStatistics statistics, ImageShape shape)
    {
        var own = statistics.For(shape.Channels);
        if (own?.MeanImage is not { } image || (image.Height, image.Width) == (shape.Height, shape.Width))
        {
            return own;
        }

        var from = new ImageShape(image.Channels, image.Height, image.Width);
        var pixels = new float[shape.Count];
        new HostResizer().Resize(new FloatRows(image.Values, from), from, pixels, shape, ResizeMode.Stretch);
        return new(new MeanImage(shape.Height, shape.Width, pixels), own.Deviation);
    }
}
