using System.Runtime.Intrinsics;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>An image that gives its rows one by one, as floats: resizing needs no copy of all of it in floats.</summary>
internal interface IPixelRows
{
    /// <summary>A row; each element has the channels of a pixel, and zeros where there are fewer than four.</summary>
    void Read(int y, Span<Vector128<float>> row);
}

/// <summary>Floats as they are.</summary>
internal readonly ref struct FloatRows(ReadOnlySpan<float> planes, ImageShape shape) : IPixelRows
{
    private readonly ReadOnlySpan<float> _planes = planes;

    public void Read(int y, Span<Vector128<float>> row)
    {
        row.Clear();
        for (var channel = 0; channel < shape.Channels; channel++)
        {
            var line = _planes.Slice(((channel * shape.Height) + y) * shape.Width, shape.Width);
            for (var x = 0; x < line.Length; x++)
            {
                row[x] = row[x].WithElement(channel, line[x]);
            }
        }
    }
}

/// <summary>Bytes scaled to [0, 1].</summary>
internal readonly ref struct ByteRows(ReadOnlySpan<byte> planes, ImageShape shape) : IPixelRows
{
    private readonly ReadOnlySpan<byte> _planes = planes;

    public void Read(int y, Span<Vector128<float>> row)
    {
        row.Clear();
        for (var channel = 0; channel < shape.Channels; channel++)
        {
            var line = _planes.Slice(((channel * shape.Height) + y) * shape.Width, shape.Width);
            for (var x = 0; x < line.Length; x++)
            {
                row[x] = row[x].WithElement(channel, line[x] / 255f);
            }
        }
    }
}

/// <summary>Decoded pixels, 0 to 255.</summary>
internal readonly ref struct GridRows(PixelGrid pixels, int channels) : IPixelRows
{
    private readonly PixelGrid _pixels = pixels;

    public void Read(int y, Span<Vector128<float>> row) => _pixels.Read(channels, y, row);
}
