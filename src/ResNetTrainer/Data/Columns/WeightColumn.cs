using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Columns;

/// <summary>The column of example weights: how much each image counts in the loss and the metrics.</summary>
internal sealed class WeightColumn
{
    private const string Remedy = "a number of type Single; put ml.Transforms.Conversion.ConvertType before the trainer to "
        + "make one of other numbers";

    private WeightColumn(DataViewSchema.Column column) => Column = column;

    public DataViewSchema.Column Column { get; }

    public static void Check(IExceptionContext context, SchemaShape schema, string? name)
    {
        if (name is null)
        {
            return;
        }

        if (!schema.TryFind(name, out var column))
        {
            throw context.MissingColumn("example weight", name);
        }

        if (column.Kind != SchemaShape.Column.VectorKind.Scalar || column.ItemType != NumberDataViewType.Single)
        {
            throw context.MistypedColumn("example weight", column, Remedy);
        }
    }

    /// <summary>The column; null where none is named.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or not a Single.</exception>
    public static WeightColumn? Find(IExceptionContext context, DataViewSchema schema, string? name)
    {
        if (name is null)
        {
            return null;
        }

        if (schema.GetColumnOrNull(name) is not { } column)
        {
            throw context.MissingColumn("example weight", name);
        }

        return column.Type == NumberDataViewType.Single
            ? new(column)
            : throw context.MistypedColumn("example weight", name, Remedy, column.Type.ToString());
    }

    /// <summary>The weight of the row.</summary>
    /// <exception cref="InvalidOperationException">It is negative, infinite or not a number.</exception>
    public Func<float> CreateReader(IExceptionContext context, DataViewRow row)
    {
        var getter = row.GetGetter<float>(Column);
        return () =>
        {
            var weight = 0f;
            getter(ref weight);
            return weight >= 0 && float.IsFinite(weight)
                ? weight
                : throw RowError.Create(context, "example weight", Column.Name, row.Position, $"the weight is {weight}, but it "
                    + "must be finite and not negative.");
        };
    }
}
