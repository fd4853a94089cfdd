using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>What the network is fed: the shape, and how images of other shapes are brought to it.</summary>
/// <param name="Shape">The shape that the network sees.</param>
/// <param name="Resizes">Whether images of other sizes are resized; if not, they are refused.</param>
/// <param name="ResizeMode">How they are resized.</param>
internal sealed record InputFormat(ImageShape Shape, bool Resizes, ResizeMode ResizeMode)
{
    /// <summary>The pixels of the largest encoded image that is decoded.</summary>
    public int MaximumPixels { get; init; } = EncodedImage.DefaultMaximumPixels;

    /// <summary>Whether it is not images that the network is fed, but what its frozen layers made of them.</summary>
    public bool IsFeatures { get; init; }

    /// <summary>The shape to which larger images are reduced as they are read. Default: that which the network sees.</summary>
    public ImageShape Kept { get => field.Count == 0 ? Shape : field; init; }

    /// <summary>
    /// What an image becomes that is larger than that, and how. Where the network sees parts of it, the margin of
    /// <see cref="ResizeMode.Pad"/> is none of it.
    /// </summary>
    public (ImageShape Shape, ResizeMode Mode) Reduced(int height, int width)
    {
        if (ResizeMode != ResizeMode.Pad || Kept == Shape)
        {
            return (Kept, ResizeMode);
        }

        // Its sides are rounded each by itself.
        var scaled = ScaledSize.Of(height, width, Kept.Height, Kept.Width, ResizeMode);
        return (Kept with { Height = scaled.Height, Width = scaled.Width }, ResizeMode.Stretch);
    }

    public bool Takes(ImageShape image) =>
        image.Channels == Shape.Channels && (Resizes ? image is { Height: > 0, Width: > 0 } : image == Shape);
}
