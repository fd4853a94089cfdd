using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Scoring;

/// <summary>A data view with scores, computed as cursors go along.</summary>
internal sealed class ScoredDataView(IHost host, IDataView input, ScoringSchema schema, ScorerSource scorers) : IDataView
{
    // A cursor looks ahead to fill a batch, which a shuffled one could not repeat.
    public bool CanShuffle => false;

    public DataViewSchema Schema => schema.Output;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = columnsNeeded.ToArray();
        var cursor = input.GetRowCursor(schema.Dependencies(active));
        var passedOn = active.Where(schema.IsInput).ToArray();
        return passedOn.Length < active.Length && passedOn.All(column => ColumnBuffer.CanHold(column.Type))
            ? new BatchCursor(host, cursor, schema, active, scorers)
            : new RowCursor(cursor, new(host, cursor, schema, active, scorers));
    }

    // One cursor, because all of them would share the processor's cores anyway: the network uses them all.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
