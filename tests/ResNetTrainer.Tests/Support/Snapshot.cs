using System.Globalization;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Tests.Support;

/// <summary>Schemas and values as lines of text, which two can be compared by and read when they differ. Numbers are exact.</summary>
internal static class Snapshot
{
    public static string[] Of(DataViewSchema schema) =>
        [.. schema.Select(column => $"{column.Name}{(column.IsHidden ? " (hidden)" : "")}: {column.Type} {{{Of(column.Annotations)}}}")];

    public static string[] Of(SchemaShape shape) => [.. shape.OrderBy(column => column.Name, StringComparer.Ordinal).Select(Of)];

    /// <summary>The rows of a data view: the id, then the columns that are asked for, or all.</summary>
    public static string[] Of(IDataView data, params string[] columns)
    {
        var active = columns.Length == 0 ? [.. data.Schema] : columns.Select(name => data.Schema[name]).ToArray();
        using var cursor = data.GetRowCursor(active);
        var row = Reader(cursor, active);
        var lines = new List<string>();
        while (cursor.MoveNext())
        {
            lines.Add(row());
        }

        return [.. lines];
    }

    /// <summary>Reads the row's values at its position.</summary>
    public static Func<string> Reader(DataViewRow row, params IEnumerable<DataViewSchema.Column> columns)
    {
        var id = row.GetIdGetter();
        var values = columns.Select(column => (column.Name, Read: Getter(row, column))).ToArray();
        return () =>
        {
            var rowId = default(DataViewRowId);
            id(ref rowId);
            return $"{rowId}: {string.Join(", ", values.Select(value => $"{value.Name}={value.Read()}"))}";
        };
    }

    /// <summary>The scores of a data view's rows.</summary>
    public static float[][] Scores(IDataView scored, string column = "Score") =>
        [.. scored.GetColumn<VBuffer<float>>(column).Select(score => score.DenseValues().ToArray())];

    public static void AssertEqual(string[] expected, string[] actual, string what)
    {
        for (var i = 0; i < Math.Min(expected.Length, actual.Length); i++)
        {
            Assert.AreEqual(expected[i], actual[i], $"{what}, line {i}");
        }

        Assert.HasCount(expected.Length, actual, what);
    }

    public static void AssertNear(float[][] expected, float[][] actual, double tolerance = 1e-5)
    {
        Assert.HasCount(expected.Length, actual);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.HasCount(expected[i].Length, actual[i]);
            for (var j = 0; j < expected[i].Length; j++)
            {
                Assert.AreEqual(expected[i][j], actual[i][j], tolerance, $"row {i}, class {j}");
            }
        }
    }

    private static string Of(SchemaShape.Column column) =>
        $"{column.Name}: {column.Kind} of {column.ItemType}{(column.IsKey ? " key" : "")} {{{string.Join("; ", Of(column.Annotations))}}}";

    private static string Of(DataViewSchema.Annotations annotations) => string.Join(
        "; ",
        annotations.Schema.OrderBy(column => column.Name, StringComparer.Ordinal).Select(column =>
            $"{column.Name}: {column.Type} = {Invoke(nameof(AnnotationText), column.Type, annotations, column)}"));

    private static Func<string> Getter(DataViewRow row, DataViewSchema.Column column) =>
        (Func<string>)Invoke(nameof(TypedGetter), column.Type, row, column);

    private static object Invoke(string method, DataViewType type, params object[] arguments) =>
        typeof(Snapshot).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type.RawType)
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;

    private static Func<string> TypedGetter<T>(DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            getter(ref value);
            return Text(value);
        };
    }

    private static string AnnotationText<T>(DataViewSchema.Annotations annotations, DataViewSchema.Column column)
    {
        T value = default!;
        annotations.GetValue(column.Name, ref value);
        return Text(value);
    }

    private static string Text(object? value) => value switch
    {
        MLImage image => $"{image.Width}x{image.Height}:{Convert.ToHexString(System.Security.Cryptography.SHA1.HashData(image.Pixels))}",
        { } vector when vector.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(VBuffer<>) =>
            $"[{string.Join(
                ' ', ((System.Collections.IEnumerable)type.GetMethod("DenseValues")!.Invoke(vector, null)!).Cast<object>().Select(Text))}]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString() ?? "null",
    };
}
