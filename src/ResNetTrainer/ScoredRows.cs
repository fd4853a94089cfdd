using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.MLNet;
using ResNetMLNet.Training;

namespace ResNetMLNet;

/// <summary>Rows that any classifier has scored, with their true classes.</summary>
internal static class ScoredRows
{
    public static double CalibrationError(IExceptionContext context, IDataView data, string labelColumnName, string scoreColumnName)
    {
        var label = LabelColumn.Find(context, data.Schema, labelColumnName);
        var score = FindScore(context, data.Schema, scoreColumnName);
        using var cursor = data.GetRowCursor([label.Column, score]);
        var (readLabel, readScore) = (label.CreateReader(cursor), cursor.GetGetter<VBuffer<float>>(score));
        var (bins, scores) = (new CalibrationBins(), default(VBuffer<float>));
        while (cursor.MoveNext())
        {
            readScore(ref scores);
            float[] probabilities = [.. scores.DenseValues()];
            if (readLabel() is >= 0 and var truth && probabilities.All(float.IsFinite))
            {
                var best = TensorPrimitives.IndexOfMax<float>(probabilities);
                bins.Add(probabilities[best], best == truth);
            }
        }

        return bins.Error;
    }

    private static DataViewSchema.Column FindScore(IExceptionContext context, DataViewSchema schema, string name)
    {
        if (schema.GetColumnOrNull(name) is not { } column)
        {
            throw context.MissingColumn("score", name);
        }

        return column.Type is VectorDataViewType { IsKnownSize: true } type && type.ItemType == NumberDataViewType.Single
            ? column
            : throw context.MistypedColumn(
                "score", name, "a vector of float with the probability of each class", column.Type.ToString());
    }
}
