using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>Single rows of data, of which nothing else is read.</summary>
internal static class RowSelection
{
    private const string Label = "Label";

    /// <summary>The rows at these positions, in the order of the data.</summary>
    public static IDataView RowsAt(this MLContext ml, IDataView data, IEnumerable<int> positions)
    {
        var wanted = positions.ToHashSet();
        return ml.Data.FilterByStatefulCustomPredicate<LabelRow, Counter>(
            data, (_, counter) => !wanted.Contains(counter.Next++), counter => counter.Next = 0);
    }

    /// <summary>The names of the rows' classes; "none" where the label is missing.</summary>
    public static IEnumerable<string> LabelNames(this IDataView rows)
    {
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        rows.Schema[Label].GetKeyValues(ref names);
        return rows.GetColumn<uint>(Label).Select(key => key == 0 ? "none" : names.GetItemOrDefault((int)key - 1).ToString());
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
