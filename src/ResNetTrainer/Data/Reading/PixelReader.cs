using ResNetMLNet.Data.Columns;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Reading;

/// <summary>What the values of an image are: bytes of 0 to 255, or floats that are taken as they are.</summary>
internal enum PixelType
{
    Byte,
    Single,
}

/// <summary>Reads the image of a row's feature column into a buffer of its own. Holds nothing native.</summary>
internal abstract class PixelReader(FeatureRow row, InputFormat? format)
{
    /// <summary>Where the images come from, and how errors name them.</summary>
    public FeatureRow Row => row;

    protected InputFormat? Format => format;

    public abstract PixelType Type { get; }

    /// <summary>The shape of the image that was read last.</summary>
    public ImageShape Shape { get; protected set; }

    /// <summary>Between which values the pixels of the image that was read last are, where they are floats.</summary>
    public virtual PixelRange Pixels => PixelRange.Black;

    /// <summary>The values of the image at the row's position, valid until the next call.</summary>
    /// <exception cref="UnusableImageException">The image is missing, damaged, or not what the network takes.</exception>
    public ReadOnlySpan<byte> Read()
    {
        var pixels = ReadPixels();
        if (format is not null && !format.Takes(Shape))
        {
            throw row.Error(
                $"the image is {Shape} (channels x height x width) where the network takes {format.Shape}. Set ImageSize to have "
                + "images of different sizes resized, or put ResizeImages before the trainer.");
        }

        return pixels;
    }

    protected abstract ReadOnlySpan<byte> ReadPixels();
}
