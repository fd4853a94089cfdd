using Microsoft.ML;

namespace ResNetMLNet.Data.Columns;

/// <summary>The columns of a data view that training reads.</summary>
internal sealed record TrainingColumns(FeatureColumn Feature, LabelColumn Label, WeightColumn? Weight)
{
    public IEnumerable<DataViewSchema.Column> All =>
        Weight is null ? [.. Feature.Columns, Label.Column] : [.. Feature.Columns, Label.Column, Weight.Column];
}
