using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Reading;

namespace ResNetMLNet.Scoring;

/// <summary>The values of one column for rows that are kept, each in a place of its own.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Whether values of a type can be kept. Others (images) belong to whoever made them.</summary>
    public static bool CanHold(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;

    public static ColumnBuffer Create(DataViewRow row, DataViewSchema.Column column)
    {
        var type = column.Type is VectorDataViewType vector
            ? typeof(VectorBuffer<>).MakeGenericType(vector.ItemType.RawType)
            : typeof(ScalarBuffer<>).MakeGenericType(column.Type.RawType);
        return (ColumnBuffer)Activator.CreateInstance(type, row, column)!;
    }

    /// <summary>Keeps the value of the row's position in a place, and says how many bytes it takes.</summary>
    public abstract long Keep(int place);

    /// <summary>A getter of the row in the place that <paramref name="place"/> says.</summary>
    public abstract Delegate CreateGetter(Func<int> place);

    /// <summary>How many bytes values take, text included.</summary>
    protected static long SizeOf<T>(ReadOnlySpan<T> values)
    {
        long size = (long)values.Length * Unsafe.SizeOf<T>();
        if (typeof(T) == typeof(ReadOnlyMemory<char>))
        {
            foreach (var value in values)
            {
                size += (long)sizeof(char) * ((ReadOnlyMemory<char>)(object)value!).Length;
            }
        }

        return size;
    }

    protected static void Grow<T>(ref T[] values, int place)
    {
        if (place >= values.Length)
        {
            Array.Resize(ref values, Math.Max(2 * values.Length, place + 1));
        }
    }
}

internal sealed class ScalarBuffer<T>(DataViewRow row, DataViewSchema.Column column) : ColumnBuffer
{
    private readonly ValueGetter<T> _getter = row.GetGetter<T>(column);
    private T[] _values = [];

    public override long Keep(int place)
    {
        Grow(ref _values, place);
        _getter(ref _values[place]);
        return SizeOf(new ReadOnlySpan<T>(in _values[place]));
    }

    public override Delegate CreateGetter(Func<int> place) => (ValueGetter<T>)((ref T value) => value = _values[place()]);
}

internal sealed class VectorBuffer<T>(DataViewRow row, DataViewSchema.Column column) : ColumnBuffer
{
    private readonly ValueGetter<VBuffer<T>> _getter = row.GetGetter<VBuffer<T>>(column);
    private VBuffer<T>[] _values = [];

    public override long Keep(int place)
    {
        Grow(ref _values, place);
        if (SizeOf(_values[place].GetValues()) > KeptImage.LargestReused)
        {
            _values[place] = default;
        }

        _getter(ref _values[place]);
        return SizeOf(_values[place].GetValues());
    }

    // A copy, because the caller may write into what it was given.
    public override Delegate CreateGetter(Func<int> place) =>
        (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[place()].CopyTo(ref value));
}
