using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Model.OnnxConverter;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Scoring;

/// <summary>
/// Refuses what ML.NET's ConvertToOnnx cannot write before our step. ML.NET walks back to where the data comes from, stops
/// without an error at a transform that it cannot write, and takes the columns of the data for the inputs of the model.
/// </summary>
internal static class OnnxSource
{
    private const string Remedy =
        "Export the network alone with ExportToOnnx(path), which can also scale and resize (OnnxExportOptions), or give "
        + "ConvertToOnnx a pipeline whose data has the pixels as a vector of bytes or floats of known size.";

    /// <exception cref="InvalidOperationException">
    /// These are heat maps, or the feature column is not one that a converted model can have.
    /// </exception>
    public static void Check(IHost host, IDataView input, ScoringSchema schema, OnnxContext context)
    {
        if (!schema.IsInOnnx)
        {
            throw host.Error("ConvertToOnnx cannot write heat maps (ExplainImage): convert the pipeline without that step.");
        }

        var feature = schema.Feature.Column;
        if (schema.Feature.Shape is null)
        {
            throw host.Error(
                "ConvertToOnnx cannot write the network: ONNX has no images, and the feature column "
                + $"'{feature.Name}' is {feature.Type}. {Remedy}");
        }

        var (source, lost) = Walk(input, feature, context);
        if (lost)
        {
            throw host.Error(
                "ConvertToOnnx cannot write the network: a transform before it, by which the feature column "
                + $"'{feature.Name}' comes about, cannot be written as ONNX (image transforms cannot). {Remedy}");
        }

        foreach (var column in source.Where(column => column is { IsHidden: false, Type: ImageDataViewType }))
        {
            throw host.Error(
                "ConvertToOnnx makes every column of the data an input of the model, and ONNX has no images: the column "
                + $"'{column.Name}' is {column.Type}. Give it data without that column, for instance an empty "
                + "ml.Data.LoadFromEnumerable of a class without it.");
        }
    }

    // Whether the feature column, or one that it is made of, comes about by a transform that cannot be written. The columns that the data
    // has from the beginning stay what they are; one of the same name and type that stands in the place of such a column does not count.
    private static (DataViewSchema Source, bool Lost) Walk(IDataView view, DataViewSchema.Column feature, OnnxContext context)
    {
        DataViewSchema.Column[] needed = [feature];
        DataViewSchema? left = null;
        for (; view is IDataTransform transform; view = transform.Source)
        {
            if (left is null && !(transform is ITransformCanSaveOnnx step && step.CanSaveOnnx(context)))
            {
                left = view.Schema;
            }

            if (left is null && transform is IRowToRowMapper mapper)
            {
                needed = [.. mapper.GetDependencies(needed.Select(column => mapper.OutputSchema[column.Name]))];
            }
        }

        var source = view.Schema;
        return (source, left is not null && needed.Any(column => !IsUnchanged(column, left)));

        bool IsUnchanged(DataViewSchema.Column column, DataViewSchema there) =>
            source.GetColumnOrNull(column.Name)?.Type.Equals(column.Type) == true
            && there.Count(other => other.Name == column.Name) <= source.Count(other => other.Name == column.Name);
    }
}
