using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace ResNetMLNet.Network.Winograd;

/// <summary>So many products at a time as fill the sixteen registers of AVX2.</summary>
internal static class TileProducts256
{
    /// <summary>Rows that <see cref="Multiply"/> takes.</summary>
    public const int Rows = 6;

    /// <summary>Inputs that <see cref="Correlate"/> takes.</summary>
    public const int Inputs = 4;

    private const int Panel = Planes.Panel;
    private const int Lanes = Panel / 2;

    /// <summary><see cref="TileProducts.Multiply"/> of six rows.</summary>
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

    /// <summary><see cref="TileProducts.Correlate"/> of four inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Correlate(ref float inputs, ref float gradients, int rows, ref float kernel)
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
