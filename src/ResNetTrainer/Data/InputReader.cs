using System.Runtime.InteropServices;

namespace ResNetMLNet.Data;

/// <summary>
/// Reads the image of a row as the network sees it: scaled to [0, 1] where it is bytes, and resized. Holds nothing native.
/// </summary>
internal sealed class InputReader(PixelReader reader, InputFormat format)
{
    private readonly HostResizer _resizer = new();

    /// <summary>The image at the row's position as planes (channels, height, width).</summary>
    public void Read(Span<float> input)
    {
        var pixels = reader.Read();
        var shape = reader.Shape;
        if (reader.Type == PixelType.Single)
        {
            _resizer.Resize(new FloatRows(MemoryMarshal.Cast<byte, float>(pixels), shape), shape, input, format.Shape, format.ResizeMode);
        }
        else
        {
            _resizer.Resize(new ByteRows(pixels, shape), shape, input, format.Shape, format.ResizeMode);
        }
    }
}
