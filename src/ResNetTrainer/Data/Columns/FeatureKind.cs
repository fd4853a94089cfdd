using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Columns;

/// <summary>What the feature column of the training data was.</summary>
internal enum FeatureKind
{
    Floats,
    Bytes,
    Image,
    EncodedImage,
}

/// <summary>Between the type of a feature column and what is kept of it in a saved model.</summary>
internal static class FeatureKinds
{
    public static FeatureKind Of(DataViewType type) => type switch
    {
        ImageDataViewType => FeatureKind.Image,
        VectorDataViewType { IsKnownSize: false } => FeatureKind.EncodedImage,
        VectorDataViewType vector when vector.ItemType == NumberDataViewType.Byte => FeatureKind.Bytes,
        _ => FeatureKind.Floats,
    };

    public static DataViewType ToType(this FeatureKind kind, ImageShape shape) => kind switch
    {
        FeatureKind.Image => new ImageDataViewType(),
        FeatureKind.EncodedImage => new VectorDataViewType(NumberDataViewType.Byte),
        FeatureKind.Bytes => new VectorDataViewType(NumberDataViewType.Byte, shape.Channels, shape.Height, shape.Width),
        _ => new VectorDataViewType(NumberDataViewType.Single, shape.Channels, shape.Height, shape.Width),
    };
}
