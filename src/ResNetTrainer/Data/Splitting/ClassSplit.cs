using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Splitting;

/// <summary>Rows in two parts that have the same share of each class.</summary>
internal static class ClassSplit
{
    public static (IDataView Train, IDataView Test) Of(
        IExceptionContext context, IDataView data, double testFraction, string labelColumnName, int seed)
    {
        var label = data.Schema.GetColumnOrNull(labelColumnName) ?? throw context.Error(
            $"The data has no column '{labelColumnName}'. Name the one that says of which class a row is with labelColumnName; "
            + $"there are {string.Join(", ", data.Schema.Select(column => $"'{column.Name}'"))}.");
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
        var rows = 0L;
        using var cursor = data.GetRowCursor([label]);
        var getText = Internals.TextGetter(context, cursor, label);
        var getId = cursor.GetIdGetter();
        StringBuilder? text = null;
        DataViewRowId id = default;
        while (cursor.MoveNext())
        {
            rows++;
            getText(ref text!);

            // A missing label is an empty text. Which class such a row is of nobody knows; it stays with those to train on.
            if (text.Length == 0)
            {
                continue;
            }

            getId(ref id);
            var name = text.ToString();
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
