using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Data.Splitting;

/// <summary>Some of the rows of a data view, by their ids: in whatever order a cursor goes over them, they are the same ones.</summary>
internal sealed class RowSubset(IDataView input, Predicate<DataViewRowId> isTaken, long count) : IDataView
{
    public bool CanShuffle => input.CanShuffle;

    public DataViewSchema Schema => input.Schema;

    public long? GetRowCount() => count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(input.GetRowCursor(columnsNeeded, rand), isTaken);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [.. input.GetRowCursorSet(columnsNeeded, n, rand).Select(cursor => new Cursor(cursor, isTaken))];

    private sealed class Cursor(DataViewRowCursor input, Predicate<DataViewRowId> isTaken) : DataViewRowCursor
    {
        private readonly ValueGetter<DataViewRowId> _getId = input.GetIdGetter();
        private long _position = -1;

        public override DataViewSchema Schema => input.Schema;

        public override long Position => _position;

        public override long Batch => input.Batch;

        public override bool MoveNext()
        {
            DataViewRowId id = default;
            while (input.MoveNext())
            {
                _getId(ref id);
                if (isTaken(id))
                {
                    _position++;
                    return true;
                }
            }

            _position = -1;
            return false;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => input.GetGetter<TValue>(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                input.Dispose();
            }

            _position = -1;
            base.Dispose(disposing);
        }
    }
}
