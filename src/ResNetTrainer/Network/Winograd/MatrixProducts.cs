using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace ResNetMLNet.Network.Winograd;

/// <summary>
/// A matrix M of F(4x4, 3x3), of Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2016). It is multiplied by eight
/// channels at a time.
/// </summary>
internal interface IMatrix
{
    static abstract int Rows { get; }

    static abstract int Columns { get; }

    /// <summary>Multiplies by a column of vectors.</summary>
    static abstract void Multiply(ref float from, nint step, ref float to, nint stride);
}

/// <summary>What is done with all matrices, and what they are made of.</summary>
internal static class MatrixProducts
{
    /// <summary>Channels at a time.</summary>
    public const int Lanes = 8;

    /// <summary>Numbers between the two products of <see cref="MultiplyBothSides"/>, at most.</summary>
    public const int Between = TileGrid.SeenSide * TileGrid.SeenSide * Lanes;

    /// <summary>MdM' of a square d of vectors.</summary>
    /// <param name="from">The first of the square.</param>
    /// <param name="line">From one of its lines to the next.</param>
    /// <param name="column">From one of its columns to the next.</param>
    /// <param name="to">The first of the result.</param>
    /// <param name="toLine">From one of its lines to the next.</param>
    /// <param name="toColumn">From one of its columns to the next.</param>
    /// <param name="between">Room for <see cref="Between"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyBothSides<TMatrix>(
        ref float from, nint line, nint column, ref float to, nint toLine, nint toColumn, ref float between)
        where TMatrix : struct, IMatrix
    {
        for (nint x = 0; x < TMatrix.Columns; x++)
        {
            TMatrix.Multiply(ref from, line, ref Unsafe.Add(ref between, x * Lanes), TMatrix.Columns * Lanes);
            from = ref Unsafe.Add(ref from, column);
        }

        for (nint y = 0; y < TMatrix.Rows; y++)
        {
            TMatrix.Multiply(ref Unsafe.Add(ref between, y * TMatrix.Columns * Lanes), Lanes, ref to, toColumn);
            to = ref Unsafe.Add(ref to, toLine);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Load(ref float from, nint at) => Vector256.LoadUnsafe(ref Unsafe.Add(ref from, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ref float to, nint at, Floats values) => values.StoreUnsafe(ref Unsafe.Add(ref to, at));

    /// <summary>A multiple of values, and others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats Add(float factor, Floats values, Floats to) =>
        Vector256.FusedMultiplyAdd(Vector256.Create(factor), values, to);
}
