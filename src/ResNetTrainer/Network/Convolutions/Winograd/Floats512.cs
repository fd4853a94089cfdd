using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Floats = System.Runtime.Intrinsics.Vector512<float>;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>
/// Those of AVX-512: a row of a panel is one register. So many products at a time keep both of its units busy, where a load comes on each.
/// </summary>
internal readonly struct Floats512(Floats values) : IFloats<Floats512>
{
    private const int Panel = Planes.Panel;

    private readonly Floats _values = values;

    public static int Count => Floats.Count;

    public static int Rows => 12;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator +(Floats512 left, Floats512 right) => new(left._values + right._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator -(Floats512 left, Floats512 right) => new(left._values - right._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator *(Floats512 left, float right) => new(left._values * right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 Load(ref float from) => new(Vector512.LoadUnsafe(ref from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 Add(float factor, Floats512 values, Floats512 to) =>
        new(Vector512.FusedMultiplyAdd(Vector512.Create(factor), values._values, to._values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(ref float to) => _values.StoreUnsafe(ref to);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply(ref float rows, int panels, nint step, ref float kernel, ref float outputs)
    {
        Floats s0 = Floats.Zero, s1 = Floats.Zero, s2 = Floats.Zero, s3 = Floats.Zero, s4 = Floats.Zero, s5 = Floats.Zero;
        Floats s6 = Floats.Zero, s7 = Floats.Zero, s8 = Floats.Zero, s9 = Floats.Zero, s10 = Floats.Zero, s11 = Floats.Zero;
        for (; panels > 0; panels--)
        {
            for (nint channel = 0; channel < Panel; channel++)
            {
                var line = Vector512.LoadUnsafe(ref kernel);
                kernel = ref Unsafe.Add(ref kernel, Panel);
                ref var value = ref Unsafe.Add(ref rows, channel);
                s0 = Fused(ref value, 0, line, s0);
                s1 = Fused(ref value, 1, line, s1);
                s2 = Fused(ref value, 2, line, s2);
                s3 = Fused(ref value, 3, line, s3);
                s4 = Fused(ref value, 4, line, s4);
                s5 = Fused(ref value, 5, line, s5);
                s6 = Fused(ref value, 6, line, s6);
                s7 = Fused(ref value, 7, line, s7);
                s8 = Fused(ref value, 8, line, s8);
                s9 = Fused(ref value, 9, line, s9);
                s10 = Fused(ref value, 10, line, s10);
                s11 = Fused(ref value, 11, line, s11);
            }

            rows = ref Unsafe.Add(ref rows, step);
        }

        s0.StoreUnsafe(ref outputs);
        s1.StoreUnsafe(ref outputs, Panel);
        s2.StoreUnsafe(ref outputs, 2 * Panel);
        s3.StoreUnsafe(ref outputs, 3 * Panel);
        s4.StoreUnsafe(ref outputs, 4 * Panel);
        s5.StoreUnsafe(ref outputs, 5 * Panel);
        s6.StoreUnsafe(ref outputs, 6 * Panel);
        s7.StoreUnsafe(ref outputs, 7 * Panel);
        s8.StoreUnsafe(ref outputs, 8 * Panel);
        s9.StoreUnsafe(ref outputs, 9 * Panel);
        s10.StoreUnsafe(ref outputs, 10 * Panel);
        s11.StoreUnsafe(ref outputs, 11 * Panel);
    }

    public static void Correlate(ref float inputs, ref float gradients, int rows, ref float kernel)
    {
        CorrelateEight(ref inputs, ref gradients, rows, ref kernel);
        CorrelateEight(ref Unsafe.Add(ref inputs, 8), ref gradients, rows, ref Unsafe.Add(ref kernel, 8 * Panel));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void CorrelateEight(ref float inputs, ref float gradients, int rows, ref float kernel)
    {
        Floats s0 = Floats.Zero, s1 = Floats.Zero, s2 = Floats.Zero, s3 = Floats.Zero;
        Floats s4 = Floats.Zero, s5 = Floats.Zero, s6 = Floats.Zero, s7 = Floats.Zero;
        for (; rows > 0; rows--)
        {
            var line = Vector512.LoadUnsafe(ref gradients);
            s0 = Vector512.FusedMultiplyAdd(Vector512.Create(inputs), line, s0);
            s1 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref inputs, 1)), line, s1);
            s2 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref inputs, 2)), line, s2);
            s3 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref inputs, 3)), line, s3);
            s4 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref inputs, 4)), line, s4);
            s5 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref inputs, 5)), line, s5);
            s6 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref inputs, 6)), line, s6);
            s7 = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref inputs, 7)), line, s7);
            inputs = ref Unsafe.Add(ref inputs, Panel);
            gradients = ref Unsafe.Add(ref gradients, Panel);
        }

        AddTo(ref kernel, s0);
        AddTo(ref Unsafe.Add(ref kernel, Panel), s1);
        AddTo(ref Unsafe.Add(ref kernel, 2 * Panel), s2);
        AddTo(ref Unsafe.Add(ref kernel, 3 * Panel), s3);
        AddTo(ref Unsafe.Add(ref kernel, 4 * Panel), s4);
        AddTo(ref Unsafe.Add(ref kernel, 5 * Panel), s5);
        AddTo(ref Unsafe.Add(ref kernel, 6 * Panel), s6);
        AddTo(ref Unsafe.Add(ref kernel, 7 * Panel), s7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats Fused(ref float row, nint index, Floats line, Floats to) =>
        Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref row, index * Panel)), line, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(ref float to, Floats sum) => (Vector512.LoadUnsafe(ref to) + sum).StoreUnsafe(ref to);
}
