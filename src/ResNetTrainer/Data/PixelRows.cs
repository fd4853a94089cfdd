using System.Numerics.Tensors;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>An image that gives its rows one by one, as floats: resizing needs no copy of all of it in floats.</summary>
internal interface IPixelRows
{
    void Read(int channel, int y, Span<float> row);
}

/// <summary>Floats as they are.</summary>
internal readonly ref struct FloatRows(ReadOnlySpan<float> planes, ImageShape shape) : IPixelRows
{
    private readonly ReadOnlySpan<float> _planes = planes;

    public void Read(int channel, int y, Span<float> row) =>
        _planes.Slice(((channel * shape.Height) + y) * shape.Width, shape.Width).CopyTo(row);
}

/// <summary>Bytes scaled to [0, 1].</summary>
internal readonly ref struct ByteRows(ReadOnlySpan<byte> planes, ImageShape shape) : IPixelRows
{
    private readonly ReadOnlySpan<byte> _planes = planes;

    public void Read(int channel, int y, Span<float> row)
    {
        TensorPrimitives.ConvertTruncating(_planes.Slice(((channel * shape.Height) + y) * shape.Width, shape.Width), row);
        TensorPrimitives.Divide(row, 255f, row);
    }
}

/// <summary>Decoded pixels, 0 to 255.</summary>
internal readonly ref struct GridRows(PixelGrid pixels, int channels) : IPixelRows
{
    private readonly PixelGrid _pixels = pixels;

    public void Read(int channel, int y, Span<float> row) => _pixels.Read(channel, channels, y, row);
}
