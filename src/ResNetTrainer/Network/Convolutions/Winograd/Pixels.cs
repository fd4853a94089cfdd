using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>Images in memory, the channels of a pixel one after the other.</summary>
internal static class Pixels
{
    /// <summary>The first of a tensor's values, which lie one after the other. The tensor has to outlive it.</summary>
    public static ref float Of(Tensor values) => ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, float>(values.bytes));

    /// <summary>
    /// The square of pixels around a tile, with zeros around the image: where it is, or a copy where it is not all in the image.
    /// </summary>
    /// <param name="images">The first value of all images.</param>
    /// <param name="grid">What they are.</param>
    /// <param name="tile">The tile.</param>
    /// <param name="side">Of the square, in whose middle the tile is.</param>
    /// <param name="channels">Of a pixel.</param>
    /// <param name="copy">Room for the square.</param>
    /// <param name="line">From one of its lines to the next.</param>
    public static ref float Square(
        ref float images, in TileGrid grid, in Tile tile, int side, int channels, Span<float> copy, out nint line)
    {
        var margin = (side - TileGrid.Side) / 2;
        var (top, left) = (tile.Top - margin, tile.Left - margin);
        if (top >= 0 && left >= 0 && top + side <= grid.Height && left + side <= grid.Width)
        {
            line = grid.Width * channels;
            return ref Unsafe.Add(ref images, (nint)grid.Pixel(tile.Image, top, left) * channels);
        }

        line = side * channels;
        var (first, last) = (Math.Max(0, left), Math.Min(grid.Width, left + side));
        for (var y = 0; y < side; y++)
        {
            var to = copy.Slice(y * side * channels, side * channels);
            if (top + y < 0 || top + y >= grid.Height)
            {
                to.Clear();
                continue;
            }

            ref var from = ref Unsafe.Add(ref images, (nint)grid.Pixel(tile.Image, top + y, first) * channels);
            var inside = to[((first - left) * channels)..((last - left) * channels)];
            MemoryMarshal.CreateReadOnlySpan(ref from, inside.Length).CopyTo(inside);
            to[..((first - left) * channels)].Clear();
            to[((last - left) * channels)..].Clear();
        }

        return ref copy[0];
    }
}
