using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Data;

/// <summary>Resizing of whole batches, on their device.</summary>
internal static class Resizing
{
    private static readonly Scalar White = 255f.ToScalar();

    /// <summary>
    /// Images (batch, channels, height, width), bytes or floats, to float32 images of the shape that the network
    /// sees. Bytes are scaled to [0, 1], floats taken as they are. Bilinear with antialiasing, which is what Pillow's
    /// BILINEAR does and what torchvision does for tensors.
    /// </summary>
    public static Tensor ToInput(Tensor images, InputFormat format) =>
        Resize(ToFloats(images), format.Shape.Height, format.Shape.Width, format.ResizeMode);

    /// <summary>Bytes scaled to [0, 1], floats as they are.</summary>
    public static Tensor ToFloats(Tensor images) => images.dtype == ScalarType.Byte
        ? images.to_type(ScalarType.Float32).div_(White)
        : images.to_type(ScalarType.Float32);

    /// <summary>Float32 images (batch, channels, height, width) to another height and width.</summary>
    public static Tensor Resize(Tensor images, int height, int width, ResizeMode mode)
    {
        var (h, w) = ((int)images.shape[2], (int)images.shape[3]);
        if (h == height && w == width)
        {
            return images;
        }

        var (scaledHeight, scaledWidth) = ScaledSize.Of(h, w, height, width, mode);
        var scaled = scaledHeight == h && scaledWidth == w
            ? images
            : functional.interpolate(
                images, [scaledHeight, scaledWidth], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true);
        return mode switch
        {
            ResizeMode.CenterCrop => scaled
                .narrow(2, (scaledHeight - height) / 2, height)
                .narrow(3, (scaledWidth - width) / 2, width),
            ResizeMode.Pad => functional.pad(
                scaled,
                [(width - scaledWidth) / 2, (width - scaledWidth + 1) / 2, (height - scaledHeight) / 2, (height - scaledHeight + 1) / 2]),
            _ => scaled,
        };
    }
}
