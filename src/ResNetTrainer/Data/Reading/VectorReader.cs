using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Reading;

/// <summary>Vectors of one shape, dense or sparse.</summary>
internal sealed class VectorReader<T> : PixelReader
    where T : unmanaged
{
    private readonly ValueGetter<VBuffer<T>> _getter;
    private VBuffer<T> _vector;
    private T[] _dense = [];
    private PixelRange _range = PixelRange.Black;

    public VectorReader(FeatureRow row, ImageShape shape, InputFormat? format)
        : base(row, format)
    {
        _getter = row.GetGetter<VBuffer<T>>();
        Shape = shape;
    }

    public override PixelRange Pixels => _range;

    public override PixelType Type => typeof(T) == typeof(byte) ? PixelType.Byte : PixelType.Single;

    protected override ReadOnlySpan<byte> ReadPixels()
    {
        _getter(ref _vector);
        if (_vector.Length != Shape.Count)
        {
            throw Row.Error($"the vector has {_vector.Length} values where an image of {Shape} has {Shape.Count}.");
        }

        var values = _vector.GetValues();
        if (!_vector.IsDense)
        {
            Array.Resize(ref _dense, Shape.Count);
            _vector.CopyTo(_dense);
            values = _dense;
        }

        if (typeof(T) == typeof(float) && !AllFinite(MemoryMarshal.Cast<T, float>(values)))
        {
            throw Row.Error("a pixel is NaN or infinite. Replace missing values, or leave these rows out.");
        }

        return MemoryMarshal.AsBytes(values);
    }

    private bool AllFinite(ReadOnlySpan<float> values)
    {
        // x - x is zero for every finite x and NaN for the others.
        var (sum, smallest, largest) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        foreach (var vector in vectors)
        {
            sum += vector - vector;
            smallest = Vector.Min(smallest, vector);
            largest = Vector.Max(largest, vector);
        }

        var rest = 0f;
        _range = PixelRange.Black;
        foreach (var value in values[(vectors.Length * Vector<float>.Count)..])
        {
            rest += value - value;
            _range = _range.With(new(value, value));
        }

        for (var lane = 0; lane < Vector<float>.Count; lane++)
        {
            _range = _range.With(new(smallest[lane], largest[lane]));
        }

        return Vector.Dot(sum, Vector<float>.One) + rest == 0;
    }
}
