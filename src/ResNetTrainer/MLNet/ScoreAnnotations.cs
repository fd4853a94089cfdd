using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.MLNet;

/// <summary>
/// The annotations that ML.NET's evaluators and MapKeyToValue look for on a classifier's output, as an estimator promises
/// them (shapes) and as a transformer delivers them (values). Both are here because they must agree.
/// </summary>
internal static class ScoreAnnotations
{
    public const string KeyValues = AnnotationUtils.Kinds.KeyValues;

    /// <summary>What the score column will carry, given the label column of the training data.</summary>
    public static SchemaShape PromiseForScore(SchemaShape.Column label)
    {
        var columns = AnnotationUtils.GetTrainerOutputAnnotation().ToList();
        if (ValuesOf(label) is { } values)
        {
            columns.Add(new(AnnotationUtils.Kinds.SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, false));
            columns.Add(new(AnnotationUtils.Kinds.TrainingLabelValues, SchemaShape.Column.VectorKind.Vector, values.ItemType, false));
        }

        return new(columns);
    }

    /// <summary>What the predicted label will carry, given the label column of the training data.</summary>
    public static SchemaShape PromiseForPredictedLabel(SchemaShape.Column label)
    {
        var columns = AnnotationUtils.GetTrainerOutputAnnotation().ToList();
        if (ValuesOf(label) is { } values)
        {
            columns.Add(values);
        }

        return new(columns);
    }

    public static DataViewSchema.Annotations ForScore(DataViewSchema input, KeyValues? classes)
    {
        var builder = Common(input, AnnotationUtils.Const.ScoreValueKind.Score);
        if (classes is not null)
        {
            var names = classes.Names.Select(name => name.AsMemory()).ToArray();
            builder.AddSlotNames(
                names.Length,
                (ref VBuffer<ReadOnlyMemory<char>> destination) =>
                    new VBuffer<ReadOnlyMemory<char>>(names.Length, names).CopyTo(ref destination));
            classes.AddTo(builder, AnnotationUtils.Kinds.TrainingLabelValues);
        }

        return builder.ToAnnotations();
    }

    public static DataViewSchema.Annotations ForPredictedLabel(DataViewSchema input, KeyValues? classes)
    {
        var builder = Common(input, AnnotationUtils.Const.ScoreValueKind.PredictedLabel);
        classes?.AddTo(builder, KeyValues);
        return builder.ToAnnotations();
    }

    private static DataViewSchema.Annotations.Builder Common(DataViewSchema input, string valueKind)
    {
        // The columns of one scorer have a number in common that no other scorer of the pipeline has.
        var set = input.GetMaxAnnotationKind(out _, AnnotationUtils.Kinds.ScoreColumnSetId) + 1;
        var builder = new DataViewSchema.Annotations.Builder();
        builder.Add(AnnotationUtils.Kinds.ScoreColumnSetId, AnnotationUtils.ScoreColumnSetIdType, (ref uint value) => value = set);
        AddText(builder, AnnotationUtils.Kinds.ScoreColumnKind, AnnotationUtils.Const.ScoreColumnKind.MulticlassClassification);
        AddText(builder, AnnotationUtils.Kinds.ScoreValueKind, valueKind);
        return builder;
    }

    private static void AddText(DataViewSchema.Annotations.Builder builder, string kind, string text) =>
        builder.Add(kind, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = text.AsMemory());

    private static SchemaShape.Column? ValuesOf(SchemaShape.Column label) =>
        label.Annotations.TryFindColumn(KeyValues, out var values) && values.Kind == SchemaShape.Column.VectorKind.Vector ? values : null;
}
