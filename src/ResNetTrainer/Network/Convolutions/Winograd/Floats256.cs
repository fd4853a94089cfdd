using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>Those of AVX2, which has sixteen registers.</summary>
internal readonly struct Floats256(Floats values) : IFloats<Floats256>
{
    private const int Panel = Planes.Panel;
    private const int Lanes = Panel / 2;

    private readonly Floats _values = values;

    public static int Count => Floats.Count;

    public static int Rows => 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator +(Floats256 left, Floats256 right) => new(left._values + right._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator -(Floats256 left, Floats256 right) => new(left._values - right._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator *(Floats256 left, float right) => new(left._values * right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 Load(ref float from) => new(Vector256.LoadUnsafe(ref from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 Add(float factor, Floats256 values, Floats256 to) =>
        new(Vector256.FusedMultiplyAdd(Vector256.Create(factor), values._values, to._values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float to) => _values.StoreUnsafe(ref to);

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
                (s00, s01) = (Fused(row, left, s00), Fused(row, right, s01));
                row = Vector256.Create(Unsafe.Add(ref value, Panel));
                (s10, s11) = (Fused(row, left, s10), Fused(row, right, s11));
                row = Vector256.Create(Unsafe.Add(ref value, 2 * Panel));
                (s20, s21) = (Fused(row, left, s20), Fused(row, right, s21));
                row = Vector256.Create(Unsafe.Add(ref value, 3 * Panel));
                (s30, s31) = (Fused(row, left, s30), Fused(row, right, s31));
                row = Vector256.Create(Unsafe.Add(ref value, 4 * Panel));
                (s40, s41) = (Fused(row, left, s40), Fused(row, right, s41));
                row = Vector256.Create(Unsafe.Add(ref value, 5 * Panel));
                (s50, s51) = (Fused(row, left, s50), Fused(row, right, s51));
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
            (s00, s01) = (Fused(input, left, s00), Fused(input, right, s01));
            input = Vector256.Create(Unsafe.Add(ref inputs, 1));
            (s10, s11) = (Fused(input, left, s10), Fused(input, right, s11));
            input = Vector256.Create(Unsafe.Add(ref inputs, 2));
            (s20, s21) = (Fused(input, left, s20), Fused(input, right, s21));
            input = Vector256.Create(Unsafe.Add(ref inputs, 3));
            (s30, s31) = (Fused(input, left, s30), Fused(input, right, s31));
            inputs = ref Unsafe.Add(ref inputs, Panel);
            gradients = ref Unsafe.Add(ref gradients, Panel);
        }

        AddTo(ref kernel, s00, s01);
        AddTo(ref Unsafe.Add(ref kernel, Panel), s10, s11);
        AddTo(ref Unsafe.Add(ref kernel, 2 * Panel), s20, s21);
        AddTo(ref Unsafe.Add(ref kernel, 3 * Panel), s30, s31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats Fused(Floats factor, Floats values, Floats to) => Vector256.FusedMultiplyAdd(factor, values, to);

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
