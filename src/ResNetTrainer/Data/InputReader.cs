using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace ResNetMLNet.Data;

/// <summary>Reads the image of a row as the network sees it: scaled to [0, 1] where it is bytes, and resized. Holds nothing native.</summary>
internal sealed class InputReader(PixelReader reader, InputFormat format)
{
    private readonly HostResizer _resizer = new();
    private float[] _values = [];

    /// <summary>The image at the row's position as planes (channels, height, width).</summary>
    public void Read(Span<float> input)
    {
        var pixels = reader.Read();
        if (reader.Type == PixelType.Single)
        {
            _resizer.Resize(MemoryMarshal.Cast<byte, float>(pixels), reader.Shape, input, format.Shape, format.ResizeMode);
            return;
        }

        if (_values.Length < pixels.Length)
        {
            _values = new float[pixels.Length];
        }

        var values = _values.AsSpan(0, pixels.Length);
        TensorPrimitives.ConvertTruncating(pixels, values);
        TensorPrimitives.Divide(values, 255f, values);
        _resizer.Resize(values, reader.Shape, input, format.Shape, format.ResizeMode);
    }
}
