using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Scoring;

/// <summary>
/// Scores row by row, and only what is asked for: for cursors that want no score, or pass on columns that cannot be
/// kept until a batch is full (images).
/// </summary>
internal sealed class RowCursor(DataViewRowCursor input, ScoringRow row) : DataViewRowCursor
{
    public override DataViewSchema Schema => row.Schema;

    public override long Position => row.Position;

    public override long Batch => row.Batch;

    public override bool MoveNext() => input.MoveNext();

    public override bool IsColumnActive(DataViewSchema.Column column) => row.IsColumnActive(column);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => row.GetGetter<TValue>(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => row.GetIdGetter();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            row.Dispose();
        }

        base.Dispose(disposing);
    }
}
