using System.Runtime.CompilerServices;
using static ResNetMLNet.Network.Winograd.MatrixProducts;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace ResNetMLNet.Network.Winograd;

/// <summary>B': what a kernel sees around a tile, transformed.</summary>
internal readonly struct InputMatrix : IMatrix
{
    public static int Rows => TileGrid.SeenSide;

    public static int Columns => TileGrid.SeenSide;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(ref float from, nint step, ref float to, nint stride)
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
}

/// <summary>A': a transformed tile, back.</summary>
internal readonly struct OutputMatrix : IMatrix
{
    public static int Rows => TileGrid.Side;

    public static int Columns => TileGrid.SeenSide;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(ref float from, nint step, ref float to, nint stride)
    {
        Floats m1 = Load(ref from, step), m2 = Load(ref from, 2 * step), m3 = Load(ref from, 3 * step), m4 = Load(ref from, 4 * step);
        Floats even = m1 + m2, odd = m1 - m2, evenOfTwo = m3 + m4, oddOfTwo = m3 - m4;
        Store(ref to, 0, Load(ref from, 0) + even + evenOfTwo);
        Store(ref to, stride, Add(2, oddOfTwo, odd));
        Store(ref to, 2 * stride, Add(4, evenOfTwo, even));
        Store(ref to, 3 * stride, Add(8, oddOfTwo, odd) + Load(ref from, 5 * step));
    }
}

/// <summary>A: the gradients of a tile, transformed.</summary>
internal readonly struct GradientMatrix : IMatrix
{
    public static int Rows => TileGrid.SeenSide;

    public static int Columns => TileGrid.Side;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(ref float from, nint step, ref float to, nint stride)
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
}

/// <summary>G: a kernel, transformed.</summary>
internal readonly struct KernelMatrix : IMatrix
{
    public static int Rows => TileGrid.SeenSide;

    public static int Columns => KernelTransforms.Side;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(ref float from, nint step, ref float to, nint stride)
    {
        Floats g0 = Load(ref from, 0), g1 = Load(ref from, step), g2 = Load(ref from, 2 * step);
        Store(ref to, 0, g0 * 0.25f);
        Floats even = (g0 + g2) * (-1 / 6f), odd = g1 * (-1 / 6f);
        Store(ref to, stride, even + odd);
        Store(ref to, 2 * stride, even - odd);
        (even, odd) = ((g0 * (1 / 24f)) + (g2 * (1 / 6f)), g1 * (1 / 12f));
        Store(ref to, 3 * stride, even + odd);
        Store(ref to, 4 * stride, even - odd);
        Store(ref to, 5 * stride, g2);
    }
}

/// <summary>G': the gradients of a transformed kernel, back.</summary>
internal readonly struct KernelGradientMatrix : IMatrix
{
    public static int Rows => KernelTransforms.Side;

    public static int Columns => TileGrid.SeenSide;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(ref float from, nint step, ref float to, nint stride)
    {
        Floats m1 = Load(ref from, step), m2 = Load(ref from, 2 * step), m3 = Load(ref from, 3 * step), m4 = Load(ref from, 4 * step);
        Floats even = (m1 + m2) * (-1 / 6f), evenOfTwo = m3 + m4;
        Store(ref to, 0, (Load(ref from, 0) * 0.25f) + even + (evenOfTwo * (1 / 24f)));
        Store(ref to, stride, ((m2 - m1) * (1 / 6f)) + ((m3 - m4) * (1 / 12f)));
        Store(ref to, 2 * stride, even + (evenOfTwo * (1 / 6f)) + Load(ref from, 5 * step));
    }
}
