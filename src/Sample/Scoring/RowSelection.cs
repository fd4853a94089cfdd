using Microsoft.ML;

namespace ResNetMLNet.Sample.Scoring;

/// <summary>Single rows of data, of which nothing else is read.</summary>
internal static class RowSelection
{
    /// <summary>The rows at these positions, in the order of the data.</summary>
    public static IDataView RowsAt(this MLContext ml, IDataView data, IEnumerable<int> positions)
    {
        var wanted = positions.ToHashSet();
        return ml.Data.FilterByStatefulCustomPredicate<LabelRow, Counter>(
            data, (_, counter) => !wanted.Contains(counter.Next++), counter => counter.Next = 0);
    }

    private sealed class LabelRow
    {
        public uint Label { get; set; }
    }

    private sealed class Counter
    {
        public int Next { get; set; }
    }
}
