using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Splitting;

/// <summary>Rows in two parts that have the same share of each class.</summary>
internal static class ClassSplit
{
    // As ML.NET writes it.
    private const string NotANumber = "?";

    public static (IDataView Train, IDataView Test) Of(
        IExceptionContext context, IDataView data, double testFraction, string labelColumnName, int seed)
    {
        var label = data.Schema.GetColumnOrNull(labelColumnName) ?? throw context.MissingColumn(
            "label", labelColumnName, $"There are {string.Join(", ", data.Schema.Select(column => $"'{column.Name}'"))}.");
        if (label.Type is not PrimitiveDataViewType)
        {
            throw context.MistypedColumn("label", labelColumnName, "a key, text or a number", label.Type.ToString());
        }

        var (classes, rows) = RowsOfClasses(context, data, label);
        var random = new Random(seed);
        HashSet<DataViewRowId> test = [];
        foreach (var ofClass in classes)
        {
            var drawn = ofClass.ToArray();
            random.Shuffle(drawn);
            test.UnionWith(drawn.Take(ToTest(drawn.Length, testFraction)));
        }

        return test.Count > 0
            ? (new RowSubset(data, id => !test.Contains(id), rows - test.Count), new RowSubset(data, test.Contains, test.Count))
            : throw context.Error($"No class of the column '{labelColumnName}' has two rows, so that none can be kept back to test on.");
    }

    // Each class is on both sides, if it can be.
    private static int ToTest(int ofClass, double testFraction) =>
        ofClass < 2 ? 0 : Math.Clamp((int)Math.Round(ofClass * testFraction, MidpointRounding.AwayFromZero), 1, ofClass - 1);

    // In the order in which classes come, which is the data's.
    private static (IReadOnlyList<List<DataViewRowId>> Classes, long Rows) RowsOfClasses(
        IExceptionContext context, IDataView data, DataViewSchema.Column label)
    {
        Dictionary<string, List<DataViewRowId>> ofClass = [];
        List<List<DataViewRowId>> classes = [];
        HashSet<DataViewRowId> all = [];
        var rows = 0L;
        using var cursor = data.GetRowCursor([label]);
        var isNumber = label.Type is NumberDataViewType;
        var getText = Internals.TextGetter(cursor, label);
        var getId = cursor.GetIdGetter();
        StringBuilder? text = null;
        DataViewRowId id = default;
        while (cursor.MoveNext())
        {
            rows++;
            getId(ref id);
            if (!all.Add(id))
            {
                throw context.Error(
                    $"Two rows of the data have the same id ({id}), so that rows cannot be told apart: each has to have one of its own.");
            }

            // Which class a row without a label is of nobody knows; it stays with those to train on.
            getText(ref text!);
            var name = text.ToString();
            if (name.Length == 0 || (isNumber && name == NotANumber))
            {
                continue;
            }

            if (!ofClass.TryGetValue(name, out var ids))
            {
                ofClass[name] = ids = [];
                classes.Add(ids);
            }

            ids.Add(id);
        }

        return (classes, rows);
    }
}
