using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResNetMLNet.Network.Winograd;

/// <summary>As many numbers as the processor computes with at a time.</summary>
internal interface IFloats<TSelf>
    : IAdditionOperators<TSelf, TSelf, TSelf>, ISubtractionOperators<TSelf, TSelf, TSelf>, IMultiplyOperators<TSelf, float, TSelf>
    where TSelf : struct, IFloats<TSelf>
{
    static abstract int Count { get; }

    static abstract TSelf Load(ref float from);

    /// <summary>A multiple of values, and others.</summary>
    static abstract TSelf Add(float factor, TSelf values, TSelf to);

    void Store(ref float to);
}

/// <summary>Those of AVX2.</summary>
internal readonly struct Floats256(Vector256<float> values) : IFloats<Floats256>
{
    private readonly Vector256<float> _values = values;

    public static int Count => Vector256<float>.Count;

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
}

/// <summary>Those of AVX-512.</summary>
internal readonly struct Floats512(Vector512<float> values) : IFloats<Floats512>
{
    private readonly Vector512<float> _values = values;

    public static int Count => Vector512<float>.Count;

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
}
