using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using SkiaSharp;

namespace ResNetMLNet.Data.Decoding;

/// <summary>
/// Interleaved pixels of four bytes, read as people see them: turned as the orientation says, and transparent ones on white. Colours are
/// multiplied by their alpha already, as ML.NET's and Skia's images are; where one exceeds it, the fourth byte is no alpha and is ignored.
/// </summary>
internal readonly ref struct PixelGrid
{
    private const int Grey = -1;

    private readonly ReadOnlySpan<byte> _pixels;
    private readonly (int First, int NextPixel, int NextRow) _way;
    private readonly bool _isUpright;
    private readonly bool _isTransparent;
    private readonly int _red;

    public PixelGrid(
        ReadOnlySpan<byte> pixels, int width, int height, SKEncodedOrigin origin = SKEncodedOrigin.TopLeft, bool redFirst = false)
    {
        _pixels = pixels;
        _way = origin.WayThrough(width, height);
        _isUpright = origin == SKEncodedOrigin.TopLeft;
        _isTransparent = HasTransparency(pixels);
        _red = redFirst ? 0 : 2;
        (Width, Height) = origin.IsSideways() ? (height, width) : (width, height);
    }

    public int Height { get; }

    public int Width { get; }

    /// <summary>
    /// The planes (channels, height, width): red, green, blue, or grey by the luma of ITU-R BT.601, which leaves grey as it is.
    /// </summary>
    public void ToPlanes(int channels, Span<byte> planes)
    {
        for (var channel = 0; channel < channels; channel++)
        {
            var component = channels == 1 ? Grey : channel switch { 0 => _red, 1 => 1, _ => 2 - _red };
            for (var y = 0; y < Height; y++)
            {
                Read(component, y, planes.Slice(((channel * Height) + y) * Width, Width));
            }
        }
    }

    /// <summary>A row as floats, 0 to 255: each element has the channels of a pixel, and zeros where there are fewer than four.</summary>
    public void Read(int channels, int y, Span<Vector128<float>> row)
    {
        if (channels == 3 && _isUpright && !_isTransparent)
        {
            ReadUpright(MemoryMarshal.Cast<byte, uint>(_pixels).Slice(y * Width, Width), row);
            return;
        }

        var (offset, step) = (Offset(0, y), 4 * _way.NextPixel);
        for (var x = 0; x < Width; x++, offset += step)
        {
            row[x] = channels == 1
                ? Vector128.CreateScalar((float)Value(offset, Grey))
                : Vector128.Create((float)Value(offset, _red), Value(offset, 1), Value(offset, 2 - _red), 0);
        }
    }

    // Each byte becomes one of four integers; what is out of range becomes zero.
    private void ReadUpright(ReadOnlySpan<uint> pixels, Span<Vector128<float>> row)
    {
        var order = _red == 0
            ? Vector128.Create(0, 255, 255, 255, 1, 255, 255, 255, 2, 255, 255, 255, 255, 255, 255, 255)
            : Vector128.Create((byte)2, 255, 255, 255, 1, 255, 255, 255, 0, 255, 255, 255, 255, 255, 255, 255);
        for (var x = 0; x < pixels.Length; x++)
        {
            row[x] = Vector128.ConvertToSingle(Vector128.Shuffle(Vector128.CreateScalar(pixels[x]).AsByte(), order).AsInt32());
        }
    }

    private void Read(int component, int y, Span<byte> row)
    {
        var (offset, step) = (Offset(0, y), 4 * _way.NextPixel);
        if (component == Grey || _isTransparent)
        {
            for (var x = 0; x < row.Length; x++, offset += step)
            {
                row[x] = (byte)Value(offset, component);
            }

            return;
        }

        if (_isUpright)
        {
            // Little-endian: the first byte is the lowest.
            var pixels = MemoryMarshal.Cast<byte, uint>(_pixels).Slice(y * Width, row.Length);
            for (var x = 0; x < row.Length; x++)
            {
                row[x] = (byte)(pixels[x] >> (8 * component));
            }

            return;
        }

        for (var x = 0; x < row.Length; x++, offset += step)
        {
            row[x] = _pixels[offset + component];
        }
    }

    /// <summary>The pixels in the same order of bytes, opaque and upright.</summary>
    public ReadOnlySpan<byte> ToOpaque()
    {
        if (_isUpright && !_isTransparent)
        {
            return _pixels;
        }

        var opaque = new byte[_pixels.Length];
        var at = 0;
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                var offset = Offset(x, y);
                for (var component = 0; component < 3; component++)
                {
                    opaque[at++] = (byte)Value(offset, component);
                }

                opaque[at++] = 255;
            }
        }

        return opaque;
    }

    private int Offset(int x, int y) => 4 * (_way.First + (x * _way.NextPixel) + (y * _way.NextRow));

    private int Value(int offset, int component)
    {
        var pixel = _pixels.Slice(offset, 4);
        var white = _isTransparent ? 255 - pixel[3] : 0;
        return component == Grey
            ? white + (((299 * pixel[_red]) + (587 * pixel[1]) + (114 * pixel[2 - _red]) + 500) / 1000)
            : white + pixel[component];
    }

    private static bool HasTransparency(ReadOnlySpan<byte> pixels)
    {
        // Little-endian: alpha is the highest byte.
        if (!MemoryMarshal.Cast<byte, uint>(pixels).ContainsAnyExceptInRange(0xFF000000, uint.MaxValue))
        {
            return false;
        }

        for (var i = 0; i < pixels.Length; i += 4)
        {
            var pixel = pixels.Slice(i, 4);
            if (Math.Max(pixel[0], Math.Max(pixel[1], pixel[2])) > pixel[3])
            {
                return false;
            }
        }

        return true;
    }
}
