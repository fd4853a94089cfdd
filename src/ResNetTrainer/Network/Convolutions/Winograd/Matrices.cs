using System.Runtime.CompilerServices;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>B': what a kernel sees around a tile, transformed.</summary>
internal readonly struct InputMatrix : IMatrix
{
    public static int Rows => TileGrid.SeenSide;

    public static int Columns => TileGrid.SeenSide;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TFloats>(Column<TFloats> from, Column<TFloats> to)
        where TFloats : struct, IFloats<TFloats>
    {
        TFloats d1 = from[1], d2 = from[2], d3 = from[3], d4 = from[4];
        to[0] = TFloats.Add(4, from[0], TFloats.Add(-5, d2, d4));
        TFloats even = TFloats.Add(-4, d2, d4), odd = TFloats.Add(-4, d1, d3);
        to[1] = even + odd;
        to[2] = even - odd;
        (even, odd) = (d4 - d2, d3 - d1);
        to[3] = TFloats.Add(2, odd, even);
        to[4] = TFloats.Add(-2, odd, even);
        to[5] = TFloats.Add(4, d1, TFloats.Add(-5, d3, from[5]));
    }
}

/// <summary>A': a transformed tile, back.</summary>
internal readonly struct OutputMatrix : IMatrix
{
    public static int Rows => TileGrid.Side;

    public static int Columns => TileGrid.SeenSide;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TFloats>(Column<TFloats> from, Column<TFloats> to)
        where TFloats : struct, IFloats<TFloats>
    {
        TFloats m1 = from[1], m2 = from[2], m3 = from[3], m4 = from[4];
        TFloats even = m1 + m2, odd = m1 - m2, evenOfTwo = m3 + m4, oddOfTwo = m3 - m4;
        to[0] = from[0] + even + evenOfTwo;
        to[1] = TFloats.Add(2, oddOfTwo, odd);
        to[2] = TFloats.Add(4, evenOfTwo, even);
        to[3] = TFloats.Add(8, oddOfTwo, odd) + from[5];
    }
}

/// <summary>A: the gradients of a tile, transformed.</summary>
internal readonly struct GradientMatrix : IMatrix
{
    public static int Rows => TileGrid.SeenSide;

    public static int Columns => TileGrid.Side;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TFloats>(Column<TFloats> from, Column<TFloats> to)
        where TFloats : struct, IFloats<TFloats>
    {
        TFloats y0 = from[0], y1 = from[1], y2 = from[2], y3 = from[3];
        to[0] = y0;
        TFloats even = y0 + y2, odd = y1 + y3;
        to[1] = even + odd;
        to[2] = even - odd;
        (even, odd) = (TFloats.Add(4, y2, y0), TFloats.Add(8, y3, y1 + y1));
        to[3] = even + odd;
        to[4] = even - odd;
        to[5] = y3;
    }
}

/// <summary>G: a kernel, transformed.</summary>
internal readonly struct KernelMatrix : IMatrix
{
    public static int Rows => TileGrid.SeenSide;

    public static int Columns => KernelTransforms.Side;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TFloats>(Column<TFloats> from, Column<TFloats> to)
        where TFloats : struct, IFloats<TFloats>
    {
        TFloats g0 = from[0], g1 = from[1], g2 = from[2];
        to[0] = g0 * 0.25f;
        TFloats even = (g0 + g2) * (-1 / 6f), odd = g1 * (-1 / 6f);
        to[1] = even + odd;
        to[2] = even - odd;
        (even, odd) = ((g0 * (1 / 24f)) + (g2 * (1 / 6f)), g1 * (1 / 12f));
        to[3] = even + odd;
        to[4] = even - odd;
        to[5] = g2;
    }
}

/// <summary>G': the gradients of a transformed kernel, back.</summary>
internal readonly struct KernelGradientMatrix : IMatrix
{
    public static int Rows => KernelTransforms.Side;

    public static int Columns => TileGrid.SeenSide;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TFloats>(Column<TFloats> from, Column<TFloats> to)
        where TFloats : struct, IFloats<TFloats>
    {
        TFloats m1 = from[1], m2 = from[2], m3 = from[3], m4 = from[4];
        TFloats even = (m1 + m2) * (-1 / 6f), evenOfTwo = m3 + m4;
        to[0] = (from[0] * 0.25f) + even + (evenOfTwo * (1 / 24f));
        to[1] = ((m2 - m1) * (1 / 6f)) + ((m3 - m4) * (1 / 12f));
        to[2] = even + (evenOfTwo * (1 / 6f)) + from[5];
    }
}
