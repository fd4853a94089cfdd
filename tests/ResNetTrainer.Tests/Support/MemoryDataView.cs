using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Tests.Support;

/// <summary>A column of a <see cref="MemoryDataView"/>.</summary>
internal abstract class MemoryColumn(string name, DataViewType type, DataViewSchema.Annotations? annotations)
{
    public string Name => name;

    public DataViewType Type => type;

    public DataViewSchema.Annotations? Annotations => annotations;

    public abstract Delegate CreateGetter(Func<int> row);
}

/// <summary>A column whose values are computed row by row.</summary>
internal sealed class MemoryColumn<T>(string name, DataViewType type, Func<int, T> value, DataViewSchema.Annotations? annotations = null)
    : MemoryColumn(name, type, annotations)
{
    public override Delegate CreateGetter(Func<int> row) => (ValueGetter<T>)((ref T destination) => destination = value(row()));
}

/// <summary>A column that says that it is there and then cannot be read.</summary>
internal sealed class BrokenColumn(MemoryColumn whole) : MemoryColumn(whole.Name, whole.Type, whole.Annotations)
{
    public override Delegate CreateGetter(Func<int> row) => throw new FormatException("broken");
}

/// <summary>Rows of columns of any type, with a protocol of what was asked of them.</summary>
internal sealed class MemoryDataView : IDataView
{
    private readonly MemoryColumn[] _columns;
    private readonly int _rows;

    public MemoryDataView(int rows, params IEnumerable<MemoryColumn> columns)
    {
        _rows = rows;
        _columns = [.. columns];
        var builder = new DataViewSchema.Builder();
        foreach (var column in _columns)
        {
            builder.AddColumn(column.Name, column.Type, column.Annotations);
        }

        Schema = builder.ToSchema();
    }

    public bool CanShuffle { get; init; } = true;

    /// <summary>Fails, if it wants to, when a cursor comes to the row.</summary>
    public Action<int>? OnRow { get; set; }

    public DataViewSchema Schema { get; }

    /// <summary>The columns that each cursor so far was asked for.</summary>
    public List<string[]> Asked { get; } = [];

    /// <summary>The cursors that have not been disposed yet.</summary>
    public int OpenCursors { get; private set; }

    /// <summary>The rows that cursors have come to.</summary>
    public int RowsRead { get; private set; }

    public static DataViewRowId IdOf(int row) => new((ulong)(1000 + row), 7);

    public long? GetRowCount() => _rows;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = columnsNeeded.ToArray();
        Asked.Add([.. active.Select(column => column.Name).Order()]);
        OpenCursors++;
        var order = Enumerable.Range(0, _rows).ToArray();
        if (CanShuffle)
        {
            rand?.Shuffle(order);
        }

        return new Cursor(this, order, [.. active.Select(column => column.Index)]);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(MemoryDataView view, int[] order, HashSet<int> active) : DataViewRowCursor
    {
        private int _position = -1;
        private bool _ended;
        private bool _disposed;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => _position;

        public override long Batch => 0;

        public override bool MoveNext()
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _ended |= _position + 1 >= order.Length;
            if (_ended)
            {
                _position = -1;
                return false;
            }

            _position++;
            view.RowsRead++;
            view.OnRow?.Invoke(order[_position]);
            return true;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => IsColumnActive(column)
            ? (ValueGetter<TValue>)view._columns[column.Index].CreateGetter(Row)
            : throw new InvalidOperationException($"The column '{column.Name}' was not asked for.");

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = IdOf(Row());

        protected override void Dispose(bool disposing)
        {
            if (!_disposed)
            {
                _disposed = true;
                view.OpenCursors--;
            }

            base.Dispose(disposing);
        }

        private int Row() => _position >= 0 && !_disposed
            ? order[_position]
            : throw new InvalidOperationException("The cursor stands on no row.");
    }
}
