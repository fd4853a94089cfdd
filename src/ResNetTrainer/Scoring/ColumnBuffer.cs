using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Scoring;

/// <summary>The values of one column for the rows of a batch.</summary>
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

    /// <summary>Keeps the value of the row's position as that of a row of the batch.</summary>
    public abstract void Keep(int index);

    /// <summary>A getter of the row that <paramref name="index"/> says.</summary>
    public abstract Delegate CreateGetter(Func<int> index);
}

internal sealed class ScalarBuffer<T>(DataViewRow row, DataViewSchema.Column column) : ColumnBuffer
{
    private readonly ValueGetter<T> _getter = row.GetGetter<T>(column);
    private readonly List<T> _values = [];

    public override void Keep(int index)
    {
        T value = default!;
        _getter(ref value);
        if (index == _values.Count)
        {
            _values.Add(value);
        }
        else
        {
            _values[index] = value;
        }
    }

    public override Delegate CreateGetter(Func<int> index) => (ValueGetter<T>)((ref T value) => value = _values[index()]);
}

internal sealed class VectorBuffer<T>(DataViewRow row, DataViewSchema.Column column) : ColumnBuffer
{
    private readonly ValueGetter<VBuffer<T>> _getter = row.GetGetter<VBuffer<T>>(column);
    private VBuffer<T>[] _values = new VBuffer<T>[1];

    public override void Keep(int index)
    {
        if (index == _values.Length)
        {
            Array.Resize(ref _values, 2 * index);
        }

        _getter(ref _values[index]);
    }

    // A copy, because the caller may write into what it was given.
    public override Delegate CreateGetter(Func<int> index) =>
        (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[index()].CopyTo(ref value));
}
