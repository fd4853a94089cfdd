using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace ResNetMLNet.Network.Winograd;

/// <summary>
/// F(4x4, 3x3) of Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2016), with its matrices A and B: what is 9 products
/// per pixel of a tile becomes 36 per tile. The channels of a pixel lie one after the other.
/// </summary>
/// <remarks>
/// What comes of a tile lies in planes, in these in panels of <see cref="Panel"/> channels, in these in rows, one for each tile of a block.
/// </remarks>
internal static class TileTransforms
{
    /// <summary>Channels that lie together.</summary>
    public const int Panel = 16;

    private const int Lanes = 8;

    /// <summary>
    /// From one plane to the next. Of a tile all of them are written in turn: at distances of a power of two they would push each other
    /// out of the processor's first cache.
    /// </summary>
    /// <param name="channels">Of a pixel; whole panels.</param>
    /// <param name="rows">Rows of a panel.</param>
    public static int Plane(int channels, int rows) => (channels * rows) + Panel;

    /// <summary>B'dB of what a kernel sees.</summary>
    /// <param name="image">The first of 6x6 pixels.</param>
    /// <param name="line">From one line of pixels to the next.</param>
    /// <param name="channels">Of a pixel; whole panels.</param>
    /// <param name="tile">The tile's row in the first plane.</param>
    /// <param name="rows">Rows of a panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void OfInput(ref float image, nint line, int channels, ref float tile, int rows)
    {
        Span<float> between = stackalloc float[TileGrid.Planes * Lanes];
        ref var lines = ref between[0];
        nint plane = Plane(channels, rows);
        for (var channel = 0; channel < channels; channel += Lanes)
        {
            ref var pixel = ref Unsafe.Add(ref image, channel);
            for (nint x = 0; x < TileGrid.SeenSide; x++)
            {
                B(ref pixel, line, ref Unsafe.Add(ref lines, x * Lanes), TileGrid.SeenSide * Lanes);
                pixel = ref Unsafe.Add(ref pixel, channels);
            }

            ref var planes = ref Unsafe.Add(ref tile, InPanels(channel, rows));
            for (nint y = 0; y < TileGrid.SeenSide; y++)
            {
                B(ref Unsafe.Add(ref lines, y * TileGrid.SeenSide * Lanes), Lanes, ref planes, plane);
                planes = ref Unsafe.Add(ref planes, TileGrid.SeenSide * plane);
            }
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
    public static void ToOutput(ref float tile, int rows, int channels, ref float image, nint line, int height, int width)
    {
        Span<float> between = stackalloc float[TileGrid.SeenSide * TileGrid.Side * Lanes];
        Span<float> whole = stackalloc float[TileGrid.Side * Lanes];
        ref var lines = ref between[0];
        nint plane = Plane(channels, rows);
        for (var channel = 0; channel < channels; channel += Lanes)
        {
            ref var planes = ref Unsafe.Add(ref tile, InPanels(channel, rows));
            for (nint x = 0; x < TileGrid.SeenSide; x++)
            {
                TransposedA(ref planes, TileGrid.SeenSide * plane, ref Unsafe.Add(ref lines, x * Lanes), TileGrid.SeenSide * Lanes);
                planes = ref Unsafe.Add(ref planes, plane);
            }

            ref var pixel = ref Unsafe.Add(ref image, channel);
            for (nint y = 0; y < height; y++)
            {
                ref var from = ref Unsafe.Add(ref lines, y * TileGrid.SeenSide * Lanes);
                if (width == TileGrid.Side)
                {
                    TransposedA(ref from, Lanes, ref pixel, channels);
                }
                else
                {
                    TransposedA(ref from, Lanes, ref whole[0], Lanes);
                    for (nint x = 0; x < width; x++)
                    {
                        Load(ref whole[0], x * Lanes).StoreUnsafe(ref Unsafe.Add(ref pixel, x * channels));
                    }
                }

                pixel = ref Unsafe.Add(ref pixel, line);
            }
        }
    }

    /// <summary>AyA' of a tile of gradients: the transpose of <see cref="ToOutput"/>.</summary>
    /// <param name="image">The first of 4x4 pixels.</param>
    /// <param name="line">From one line of pixels to the next.</param>
    /// <param name="channels">Of a pixel; whole panels.</param>
    /// <param name="tile">The tile's row in the first plane.</param>
    /// <param name="rows">Rows of a panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void OfGradient(ref float image, nint line, int channels, ref float tile, int rows)
    {
        Span<float> between = stackalloc float[TileGrid.SeenSide * TileGrid.Side * Lanes];
        ref var lines = ref between[0];
        nint plane = Plane(channels, rows);
        for (var channel = 0; channel < channels; channel += Lanes)
        {
            ref var pixel = ref Unsafe.Add(ref image, channel);
            for (nint x = 0; x < TileGrid.Side; x++)
            {
                A(ref pixel, line, ref Unsafe.Add(ref lines, x * Lanes), TileGrid.Side * Lanes);
                pixel = ref Unsafe.Add(ref pixel, channels);
            }

            ref var planes = ref Unsafe.Add(ref tile, InPanels(channel, rows));
            for (nint y = 0; y < TileGrid.SeenSide; y++)
            {
                A(ref Unsafe.Add(ref lines, y * TileGrid.Side * Lanes), Lanes, ref planes, plane);
                planes = ref Unsafe.Add(ref planes, TileGrid.SeenSide * plane);
            }
        }
    }

    private static int InPanels(int channel, int rows) => (channel / Panel * Panel * rows) + (channel % Panel);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void B(ref float from, nint step, ref float to, nint stride)
    {
        Floats d1 = Load(ref from, step), d2 = Load(ref from, 2 * step), d3 = Load(ref from, 3 * step), d4 = Load(ref from, 4 * step);
        Store(ref to, 0, Add(4, Load(ref from, 0), Add(-5, d2, d4)));
        Floats even = Add(-4, d2, d4), odd = Add(-4, d1, d3);
        Store(ref to, stride, even + odd);
        Store(ref to, 2 * stride, even - odd);
        (even, odd) = (d4 - d2, d3 - d1);
        Store(ref to, 3 * stride, Add(2, odd, even));
        Store(ref to, 4 * stride, Add(-2, odd, even));
        Store(ref to, 5 * stride, Add(4, d1, Add(-5, d3, Load(ref from, 5 * step))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposedA(ref float from, nint step, ref float to, nint stride)
    {
        Floats m1 = Load(ref from, step), m2 = Load(ref from, 2 * step), m3 = Load(ref from, 3 * step), m4 = Load(ref from, 4 * step);
        Floats even = m1 + m2, odd = m1 - m2, evenOfTwo = m3 + m4, oddOfTwo = m3 - m4;
        Store(ref to, 0, Load(ref from, 0) + even + evenOfTwo);
        Store(ref to, stride, Add(2, oddOfTwo, odd));
        Store(ref to, 2 * stride, Add(4, evenOfTwo, even));
        Store(ref to, 3 * stride, Add(8, oddOfTwo, odd) + Load(ref from, 5 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void A(ref float from, nint step, ref float to, nint stride)
    {
        Floats y0 = Load(ref from, 0), y1 = Load(ref from, step), y2 = Load(ref from, 2 * step), y3 = Load(ref from, 3 * step);
        Store(ref to, 0, y0);
        Floats even = y0 + y2, odd = y1 + y3;
        Store(ref to, stride, even + odd);
        Store(ref to, 2 * stride, even - odd);
        (even, odd) = (Add(4, y2, y0), Add(8, y3, y1 + y1));
        Store(ref to, 3 * stride, even + odd);
        Store(ref to, 4 * stride, even - odd);
        Store(ref to, 5 * stride, y3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats Load(ref float from, nint at) => Vector256.LoadUnsafe(ref Unsafe.Add(ref from, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref float to, nint at, Floats values) => values.StoreUnsafe(ref Unsafe.Add(ref to, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats Add(float factor, Floats values, Floats to) =>
        Vector256.FusedMultiplyAdd(Vector256.Create(factor), values, to);
}
