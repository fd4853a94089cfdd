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

        var (source, canSave) = Walk(input, context);
        if (!canSave && source.GetColumnOrNull(feature.Name)?.Type.Equals(feature.Type) != true)
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

    private static (DataViewSchema Source, bool CanSave) Walk(IDataView view, OnnxContext context)
    {
        var canSave = true;
        for (; view is IDataTransform transform; view = transform.Source)
        {
            canSave = canSave && transform is ITransformCanSaveOnnx step && step.CanSaveOnnx(context);
        }

        return (view.Schema, canSave);
    }
}
