using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Loading;

/// <summary>
/// A data view over a fixed number of records that can be read in any order: what the loaders have in common. Each reading of
/// an image makes a new one, because ML.NET's image transforms dispose what they have read.
/// </summary>
internal abstract class RecordDataView(IExceptionContext context, DataViewSchema schema, int count) : IDataView
{
    public bool CanShuffle => true;

    public DataViewSchema Schema => schema;

    public long? GetRowCount() => count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var order = Enumerable.Range(0, count).ToArray();
        rand?.Shuffle(order);
        return new Cursor(this, order, columnsNeeded);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    /// <summary>A getter of a column of the record that <paramref name="record"/> says.</summary>
    protected abstract Delegate CreateGetter(DataViewSchema.Column column, Func<int> record);

    /// <summary>Annotations of a label column, whose values are the names of the classes.</summary>
    protected static DataViewSchema.Annotations LabelAnnotations(IReadOnlyList<string> classNames)
    {
        var names = classNames.Select(name => name.AsMemory()).ToArray();
        var builder = new DataViewSchema.Annotations.Builder();
        builder.Add(
            ScoreAnnotations.KeyValues,
            new VectorDataViewType(TextDataViewType.Instance, names.Length),
            (ref VBuffer<ReadOnlyMemory<char>> value) => new VBuffer<ReadOnlyMemory<char>>(names.Length, names).CopyTo(ref value));
        return builder.ToAnnotations();
    }

    /// <summary>Puts an image in the place of the one before and disposes that, which is what ML.NET's own getters do.</summary>
    protected static void Replace(ref MLImage value, MLImage image)
    {
        var before = value;
        value = image;
        before?.Dispose();
    }

    /// <summary>Copies bytes into a vector, reusing its memory.</summary>
    protected static void Fill(ref VBuffer<byte> vector, ReadOnlySpan<byte> bytes)
    {
        var editor = VBufferEditor.Create(ref vector, bytes.Length);
        bytes.CopyTo(editor.Values);
        vector = editor.Commit();
    }

    private sealed class Cursor(RecordDataView view, int[] order, IEnumerable<DataViewSchema.Column> active) : DataViewRowCursor
    {
        private readonly HashSet<int> _active = [.. active.Select(column => column.Index)];
        private readonly IExceptionContext _context = view.Context;
        private long _position = -1;
        private bool _ended;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => _position;

        public override long Batch => 0;

        public override bool MoveNext()
        {
            if (!_ended && _position + 1 < order.Length)
            {
                _position++;
                return true;
            }

            _ended = true;
            _position = -1;
            return false;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            !IsColumnActive(column)
                ? throw new ArgumentOutOfRangeException(nameof(column), $"The column '{column.Name}' was not asked for when "
                    + "the cursor was made.")
                : view.CreateGetter(column, Record) as ValueGetter<TValue>
                    ?? throw _context.Error($"The column '{column.Name}' is of type {column.Type}; it cannot be read as {typeof(TValue)}.");

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new((ulong)Record(), 0);

        protected override void Dispose(bool disposing)
        {
            _ended = true;
            _position = -1;
            base.Dispose(disposing);
        }

        private int Record() => _position >= 0
            ? order[_position]
            : throw _context.Error("Values cannot be read before the cursor stands on a row: call MoveNext first.");
    }

    private IExceptionContext Context => context;
}
