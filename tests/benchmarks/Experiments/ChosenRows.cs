using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>Some labelled rows of others, in memory, so that no training waits for the disk.</summary>
internal static class ChosenRows
{
    /// <summary>A row whose columns are the properties of its class.</summary>
    public interface ILabelled
    {
        uint Label { get; set; }
    }

    /// <param name="ml">The context.</param>
    /// <param name="data">All rows; columns keep their types.</param>
    /// <param name="chosen">The numbers of those that are wanted.</param>
    public static IDataView Of<TRow>(MLContext ml, IDataView data, IEnumerable<int> chosen)
        where TRow : class, ILabelled, new()
    {
        var numbers = chosen.ToHashSet();
        var rows = ml.Data.CreateEnumerable<TRow>(data, reuseRowObject: false).Where((_, number) => numbers.Contains(number)).ToArray();
        foreach (var row in rows)
        {
            // Keys count from 1 where they are read, and from 0 where LoadFromEnumerable takes them.
            row.Label--;
        }

        var schema = SchemaDefinition.Create(typeof(TRow));
        foreach (var column in schema)
        {
            column.ColumnType = data.Schema[column.ColumnName].Type;
        }

        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    /// <summary>The names of the classes, in the order of their keys.</summary>
    public static string[] ClassNames(IDataView data)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        data.Schema["Label"].GetKeyValues(ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }
}
