using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Sample.Images;

/// <summary>The classes of labelled rows, by name.</summary>
internal static class ClassLabels
{
    public const string Column = "Label";

    /// <summary>The names in the order of the label's keys.</summary>
    public static IReadOnlyList<string> ClassNames(this IDataView rows)
    {
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        rows.Schema[Column].GetKeyValues(ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }

    /// <summary>The name of each row's class; null where the label is missing.</summary>
    public static IEnumerable<string?> LabelNames(this IDataView rows)
    {
        var names = rows.ClassNames();
        return rows.GetColumn<uint>(Column).Select(key => key == 0 ? null : names[(int)key - 1]);
    }
}
