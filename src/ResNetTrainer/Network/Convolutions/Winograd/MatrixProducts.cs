using System.Runtime.CompilerServices;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>
/// A matrix M of F(4x4, 3x3), of Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2016). It is multiplied by as many
/// channels at a time as the processor computes with.
/// </summary>
internal interface IMatrix
{
    static abstract int Rows { get; }

    static abstract int Columns { get; }

    /// <summary>Multiplies by a column.</summary>
    static abstract void Multiply<TFloats>(Column<TFloats> from, Column<TFloats> to)
        where TFloats : struct, IFloats<TFloats>;
}

/// <summary>Values at equal distances in memory.</summary>
internal readonly ref struct Column<TFloats>
    where TFloats : struct, IFloats<TFloats>
{
    private readonly ref float _first;
    private readonly nint _step;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Column(ref float first, nint step)
    {
        _first = ref first;
        _step = step;
    }

    public TFloats this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFloats.Load(ref Unsafe.Add(ref _first, index * _step));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => value.Store(ref Unsafe.Add(ref _first, index * _step));
    }
}

/// <summary>What is done with all matrices.</summary>
internal static class MatrixProducts
{
    /// <summary>Numbers between the two products of <see cref="MultiplyBothSides"/>, at most.</summary>
    public const int Between = TileGrid.SeenSide * TileGrid.SeenSide * Planes.Panel;

    /// <summary>MdM' of a square d of vectors.</summary>
    /// <param name="from">The first of the square.</param>
    /// <param name="line">From one of its lines to the next.</param>
    /// <param name="column">From one of its columns to the next.</param>
    /// <param name="to">The first of the result.</param>
    /// <param name="toLine">From one of its lines to the next.</param>
    /// <param name="toColumn">From one of its columns to the next.</param>
    /// <param name="between">Room for <see cref="Between"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyBothSides<TMatrix, TFloats>(
        ref float from, nint line, nint column, ref float to, nint toLine, nint toColumn, ref float between)
        where TMatrix : struct, IMatrix
        where TFloats : struct, IFloats<TFloats>
    {
        for (nint x = 0; x < TMatrix.Columns; x++)
        {
            TMatrix.Multiply<TFloats>(
                new(ref from, line), new(ref Unsafe.Add(ref between, x * TFloats.Count), TMatrix.Columns * TFloats.Count));
            from = ref Unsafe.Add(ref from, column);
        }

        for (nint y = 0; y < TMatrix.Rows; y++)
        {
            TMatrix.Multiply<TFloats>(
                new(ref Unsafe.Add(ref between, y * TMatrix.Columns * TFloats.Count), TFloats.Count), new(ref to, toColumn));
            to = ref Unsafe.Add(ref to, toLine);
        }
    }
}
