using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Data;

/// <summary>The columns of a data view that training reads.</summary>
internal sealed record PictureColumns(FeatureColumn Feature, LabelColumn Label, WeightColumn? Weight)
{
    /// <summary>A cursor over the labelled pictures.</summary>
    public PictureRows Read(IHost host, IDataView data, InputFormat format, CancellationToken cancellation, Random? shuffle = null)
    {
        IEnumerable<DataViewSchema.Column> columns = Weight is null ? [Feature.Column, Label.Column] : [Feature.Column, Label.Column, Weight.Column];
        return new(host, data.GetRowCursor(columns, shuffle), this, format, cancellation);
    }
}
