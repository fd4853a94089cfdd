using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace ResNetMLNet.Network.Winograd;

/// <summary>
/// Products of small matrices in panels (<see cref="Planes"/>), so many of them at a time as fill the sixteen registers of AVX2.
/// </summary>
internal static class TileProducts
{
    /// <summary>Rows that are multiplied at a time.</summary>
    public const int Rows = 6;

    private const int Panel = Planes.Panel;
    private const int Lanes = MatrixProducts.Lanes;

    /// <summary>Six rows by one panel of a kernel.</summary>
    /// <param name="rows">The first of the rows, in the first of their panels.</param>
    /// <param name="panels">How many of these there are.</param>
    /// <param name="step">From one of them to the next.</param>
    /// <param name="kernel">For each channel of the rows, the panel's outputs.</param>
    /// <param name="outputs">The first of six rows of these.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(ref float rows, int panels, nint step, ref float kernel, ref float outputs)
    {
        Floats s00 = Floats.Zero, s01 = Floats.Zero, s10 = Floats.Zero, s11 = Floats.Zero, s20 = Floats.Zero, s21 = Floats.Zero;
        Floats s30 = Floats.Zero, s31 = Floats.Zero, s40 = Floats.Zero, s41 = Floats.Zero, s50 = Floats.Zero, s51 = Floats.Zero;
        for (; panels > 0; panels--)
        {
            for (nint channel = 0; channel < Panel; channel++)
            {
                Floats left = Vector256.LoadUnsafe(ref kernel), right = Vector256.LoadUnsafe(ref kernel, Lanes);
                kernel = ref Unsafe.Add(ref kernel, Panel);
                ref var value = ref Unsafe.Add(ref rows, channel);
                var row = Vector256.Create(value);
                (s00, s01) = (Add(row, left, s00), Add(row, right, s01));
                row = Vector256.Create(Unsafe.Add(ref value, Panel));
                (s10, s11) = (Add(row, left, s10), Add(row, right, s11));
                row = Vector256.Create(Unsafe.Add(ref value, 2 * Panel));
                (s20, s21) = (Add(row, left, s20), Add(row, right, s21));
                row = Vector256.Create(Unsafe.Add(ref value, 3 * Panel));
                (s30, s31) = (Add(row, left, s30), Add(row, right, s31));
                row = Vector256.Create(Unsafe.Add(ref value, 4 * Panel));
                (s40, s41) = (Add(row, left, s40), Add(row, right, s41));
                row = Vector256.Create(Unsafe.Add(ref value, 5 * Panel));
                (s50, s51) = (Add(row, left, s50), Add(row, right, s51));
            }

            rows = ref Unsafe.Add(ref rows, step);
        }

        Store(ref outputs, s00, s01);
        Store(ref Unsafe.Add(ref outputs, Panel), s10, s11);
        Store(ref Unsafe.Add(ref outputs, 2 * Panel), s20, s21);
        Store(ref Unsafe.Add(ref outputs, 3 * Panel), s30, s31);
        Store(ref Unsafe.Add(ref outputs, 4 * Panel), s40, s41);
        Store(ref Unsafe.Add(ref outputs, 5 * Panel), s50, s51);
    }

    /// <summary>Adds to a panel of a kernel's gradient, for a panel of inputs, the products of all rows of both.</summary>
    /// <param name="inputs">The rows of the inputs.</param>
    /// <param name="gradients">The rows of the outputs' gradients.</param>
    /// <param name="rows">How many.</param>
    /// <param name="kernel">For each of the inputs, the panel's outputs.</param>
    public static void Correlate(ref float inputs, ref float gradients, int rows, ref float kernel)
    {
        for (nint input = 0; input < Panel; input += 4)
        {
            CorrelateFour(ref Unsafe.Add(ref inputs, input), ref gradients, rows, ref Unsafe.Add(ref kernel, input * Panel));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void CorrelateFour(ref float inputs, ref float gradients, int rows, ref float kernel)
    {
        Floats s00 = Floats.Zero, s01 = Floats.Zero, s10 = Floats.Zero, s11 = Floats.Zero;
        Floats s20 = Floats.Zero, s21 = Floats.Zero, s30 = Floats.Zero, s31 = Floats.Zero;
        for (; rows > 0; rows--)
        {
            Floats left = Vector256.LoadUnsafe(ref gradients), right = Vector256.LoadUnsafe(ref gradients, Lanes);
            var input = Vector256.Create(inputs);
            (s00, s01) = (Add(input, left, s00), Add(input, right, s01));
            input = Vector256.Create(Unsafe.Add(ref inputs, 1));
            (s10, s11) = (Add(input, left, s10), Add(input, right, s11));
            input = Vector256.Create(Unsafe.Add(ref inputs, 2));
            (s20, s21) = (Add(input, left, s20), Add(input, right, s21));
            input = Vector256.Create(Unsafe.Add(ref inputs, 3));
            (s30, s31) = (Add(input, left, s30), Add(input, right, s31));
            inputs = ref Unsafe.Add(ref inputs, Panel);
            gradients = ref Unsafe.Add(ref gradients, Panel);
        }

        AddTo(ref kernel, s00, s01);
        AddTo(ref Unsafe.Add(ref kernel, Panel), s10, s11);
        AddTo(ref Unsafe.Add(ref kernel, 2 * Panel), s20, s21);
        AddTo(ref Unsafe.Add(ref kernel, 3 * Panel), s30, s31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats Add(Floats factor, Floats values, Floats to) => Vector256.FusedMultiplyAdd(factor, values, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(ref float to, Floats left, Floats right) =>
        Store(ref to, Vector256.LoadUnsafe(ref to) + left, Vector256.LoadUnsafe(ref to, Lanes) + right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref float to, Floats left, Floats right)
    {
        left.StoreUnsafe(ref to);
        right.StoreUnsafe(ref to, Lanes);
    }
}
