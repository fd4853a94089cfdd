using System.Runtime.CompilerServices;
using static ResNetMLNet.Network.Convolutions.Winograd.MatrixProducts;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>
/// Between the pixels of a tile, whose channels lie one after the other, and <see cref="Planes"/>: what is 9 products per pixel of a tile
/// becomes 36 per tile.
/// </summary>
internal static class TileTransforms
{
    /// <summary>MdM' of a square of pixels.</summary>
    /// <param name="image">The first of them; as many in a line, and as many lines, as the matrix has columns.</param>
    /// <param name="line">From one line of pixels to the next.</param>
    /// <param name="channels">Of a pixel; whole panels.</param>
    /// <param name="tile">The tile's row in the first plane.</param>
    /// <param name="rows">Rows of a panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void OfPixels<TMatrix, TFloats>(ref float image, nint line, int channels, ref float tile, int rows)
        where TMatrix : struct, IMatrix
        where TFloats : struct, IFloats<TFloats>
    {
        Span<float> between = stackalloc float[Between];
        nint plane = Planes.Distance(channels, rows);
        for (var channel = 0; channel < channels; channel += TFloats.Count)
        {
            MultiplyBothSides<TMatrix, TFloats>(
                ref Unsafe.Add(ref image, channel), line, channels,
                ref Unsafe.Add(ref tile, Planes.Start(channel, rows)), TMatrix.Rows * plane, plane, ref between[0]);
        }
    }

    /// <summary>A'mA: the pixels of a tile.</summary>
    /// <param name="tile">The tile's row in the first plane.</param>
    /// <param name="rows">Rows of a panel.</param>
    /// <param name="channels">Of a pixel; whole panels.</param>
    /// <param name="image">The first of 4x4 pixels.</param>
    /// <param name="line">From one line of pixels to the next.</param>
    /// <param name="height">Lines of the tile that are in the image.</param>
    /// <param name="width">Pixels of a line that are in the image.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void ToPixels<TFloats>(ref float tile, int rows, int channels, ref float image, nint line, int height, int width)
        where TFloats : struct, IFloats<TFloats>
    {
        Span<float> between = stackalloc float[Between];
        Span<float> whole = stackalloc float[TileGrid.Side * TileGrid.Side * Planes.Panel];
        nint plane = Planes.Distance(channels, rows);
        for (var channel = 0; channel < channels; channel += TFloats.Count)
        {
            ref var planes = ref Unsafe.Add(ref tile, Planes.Start(channel, rows));
            ref var pixel = ref Unsafe.Add(ref image, channel);
            if (height == TileGrid.Side && width == TileGrid.Side)
            {
                MultiplyBothSides<OutputMatrix, TFloats>(
                    ref planes, TileGrid.SeenSide * plane, plane, ref pixel, line, channels, ref between[0]);
                continue;
            }

            MultiplyBothSides<OutputMatrix, TFloats>(
                ref planes, TileGrid.SeenSide * plane, plane, ref whole[0], TileGrid.Side * TFloats.Count, TFloats.Count, ref between[0]);
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                {
                    TFloats.Load(ref whole[((y * TileGrid.Side) + x) * TFloats.Count])
                        .Store(ref Unsafe.Add(ref pixel, (y * line) + (x * channels)));
                }
            }
        }
    }
}
