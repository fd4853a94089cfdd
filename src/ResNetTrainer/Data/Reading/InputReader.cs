using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Reading;

/// <summary>
/// Reads the image of a row as the network sees it: scaled to [0, 1] where it is bytes, and resized. Holds nothing native.
/// </summary>
/// <param name="reader">Reads the pixels.</param>
/// <param name="format">What the network sees.</param>
/// <param name="trained">The pixels that the network was trained on; null where they are not known.</param>
internal sealed class InputReader(PixelReader reader, InputFormat format, PixelRange? trained = null)
{
    private readonly HostResizer _resizer = new();

    /// <summary>The image at the row's position as planes (channels, height, width).</summary>
    public void Read(Span<float> input)
    {
        var pixels = reader.Read();
        var shape = reader.Shape;
        if (PixelScale.ErrorOf(reader.Row, reader.Pixels, trained) is { } error)
        {
            throw error;
        }

        if (reader.Type == PixelType.Single)
        {
            Resize(MemoryMarshal.Cast<byte, float>(pixels), shape, input);
        }
        else
        {
            Resize(pixels, shape, input);
        }
    }

    private void Resize(ReadOnlySpan<float> planes, ImageShape shape, Span<float> input)
    {
        if (shape == format.Shape)
        {
            planes.CopyTo(input);
            return;
        }

        _resizer.Resize(new FloatRows(planes, shape), shape, input, format.Shape, format.ResizeMode);
    }

    private void Resize(ReadOnlySpan<byte> planes, ImageShape shape, Span<float> input)
    {
        if (shape == format.Shape)
        {
            TensorPrimitives.ConvertTruncating(planes, input);
            TensorPrimitives.Divide(input, 255f, input);
            return;
        }

        _resizer.Resize(new ByteRows(planes, shape), shape, input, format.Shape, format.ResizeMode);
    }
}
