using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Columns;

/// <summary>The label column: a key, whose values are the classes.</summary>
internal sealed class LabelColumn
{
    private const string Remedy =
        "a key; put ml.Transforms.Conversion.MapValueToKey before the trainer to make one from text or numbers";

    /// <summary>What is wrong where all rows are of one class, and what to do.</summary>
    public const string NothingToTellApart =
        "there is nothing to tell apart, and a classifier needs two classes at least. If these rows are a part of the data (a fold "
        + "of CrossValidate, a side of TrainTestSplit), the other classes have too few rows for so many parts: take fewer folds, or "
        + "more rows. If they are all of the data, check the path or the filters that it comes from.";

    private LabelColumn(DataViewSchema.Column column, int classes)
    {
        Column = column;
        Classes = classes;
    }

    public DataViewSchema.Column Column { get; }

    public int Classes { get; }

    public static void Check(IExceptionContext context, SchemaShape schema, string name)
    {
        if (!schema.TryFind(name, out var column))
        {
            throw context.MissingColumn("label", name);
        }

        if (!column.IsKey || column.Kind != SchemaShape.Column.VectorKind.Scalar)
        {
            throw context.MistypedColumn("label", column, Remedy);
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">The column is missing or not a key.</exception>
    /// <exception cref="InvalidOperationException">There are fewer than two classes, or absurdly many.</exception>
    public static LabelColumn Find(IExceptionContext context, IDataView data, string name)
    {
        // Where MapValueToKey has seen no value: that there is but one class is not what is wrong.
        if (data.Schema.GetColumnOrNull(name)?.Type is KeyDataViewType { Count: < 2 } && IsEmpty(data))
        {
            throw NoRows(context);
        }

        return Find(context, data.Schema, name);
    }

    /// <inheritdoc cref="Find(IExceptionContext, IDataView, string)"/>
    public static LabelColumn Find(IExceptionContext context, DataViewSchema schema, string name)
    {
        if (schema.GetColumnOrNull(name) is not { } column)
        {
            throw context.MissingColumn("label", name);
        }

        if (column.Type is not KeyDataViewType key)
        {
            throw context.MistypedColumn("label", name, Remedy, column.Type.ToString());
        }

        return key.Count switch
        {
            < 2 => throw context.Error(
                $"The label column '{name}' has {(key.Count == 1 ? "one class" : "no classes")}: {NothingToTellApart}"),
            > NetworkLimits.MostClasses => throw context.Error(
                $"The label column '{name}' has {key.Count} classes. Is it an identifier? MapValueToKey makes keys of the "
                + "values that occur."),
            _ => new(column, (int)key.Count),
        };
    }

    public static Exception NoRows(IExceptionContext context, string title = ExampleSource.TrainingTitle) => context.Error(
        $"The {title} has no rows. " + (title == ExampleSource.TrainingTitle
            ? "Check the path or the filters that it comes from."
            : "Give it some; of few rows, ValidationFraction has to be larger."));

    /// <summary>That no row has a label.</summary>
    public Exception NoLabels(IExceptionContext context, IDataView data, string title = ExampleSource.TrainingTitle) => IsEmpty(data)
        ? NoRows(context, title)
        : context.Error(
            $"The label column '{Column.Name}' is missing in all rows of the {title}. Check that the labels are the values that its key "
            + "was made from.");

    /// <summary>The class of the row, from 0; -1 for a missing label.</summary>
    public Func<int> CreateReader(DataViewRow row)
    {
        var getter = Internals.KeyGetter(row, Column);
        return () =>
        {
            ulong key = 0;
            getter(ref key);
            return (int)key - 1;
        };
    }

    private static bool IsEmpty(IDataView data)
    {
        if (data.GetRowCount() is { } rows)
        {
            return rows == 0;
        }

        using var cursor = data.GetRowCursor([]);
        return !cursor.MoveNext();
    }
}
