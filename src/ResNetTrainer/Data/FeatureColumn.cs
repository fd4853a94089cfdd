using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data;

/// <summary>A column of images: which of the accepted types it has, and how its rows are read.</summary>
internal sealed class FeatureColumn
{
    private const string Accepted =
        "an image (MLImage), a vector of byte or float with the dimensions (channels, height, width) or a flat one of "
        + "channels x side x side values, or a vector of bytes of unknown length that holds an encoded image; "
        + "the property of a class that holds pixels (byte[] or float[]) says their shape with [VectorType(channels, height, width)]";

    private readonly DataViewSchema.Column _column;
    private readonly int _imageChannels;

    private FeatureColumn(DataViewSchema.Column column, ImageShape? shape, int imageChannels)
    {
        _column = column;
        _imageChannels = imageChannels;
        Shape = shape;
    }

    public DataViewSchema.Column Column => _column;

    /// <summary>The shape of every image, where the column's type says it; images and encoded bytes have their own.</summary>
    public ImageShape? Shape { get; }

    public int Channels => Shape?.Channels ?? _imageChannels;

    /// <summary>Whether a column of this shape can be a feature column; dimensions are only known to a real schema.</summary>
    public static void Check(IExceptionContext context, SchemaShape schema, string name)
    {
        if (!schema.TryFind(name, out var column))
        {
            throw Missing(context, name, schema.Select(each => each.Name));
        }

        var scalarImage = column is { Kind: SchemaShape.Column.VectorKind.Scalar, ItemType: ImageDataViewType };
        var vector = column.Kind != SchemaShape.Column.VectorKind.Scalar && !column.IsKey
            && (column.ItemType == NumberDataViewType.Byte
                || (column.ItemType == NumberDataViewType.Single && column.Kind == SchemaShape.Column.VectorKind.Vector));
        if (!scalarImage && !vector)
        {
            throw context.MistypedColumn("feature", column, Accepted);
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of another type.</exception>
    /// <exception cref="InvalidOperationException">The dimensions of the vector are not those of an image.</exception>
    public static FeatureColumn Find(IExceptionContext context, DataViewSchema schema, string name, int imageChannels)
    {
        if (schema.GetColumnOrNull(name) is not { } column)
        {
            throw Missing(context, name, schema.Select(each => each.Name));
        }

        return column.Type switch
        {
            ImageDataViewType => new(column, shape: null, imageChannels),
            VectorDataViewType { IsKnownSize: false } bytes when bytes.ItemType == NumberDataViewType.Byte =>
                new(column, shape: null, imageChannels),
            VectorDataViewType { IsKnownSize: true } vector
                when vector.ItemType == NumberDataViewType.Byte || vector.ItemType == NumberDataViewType.Single =>
                new(column, ShapeOf(context, vector, name), imageChannels),
            _ => throw context.MistypedColumn("feature", name, Accepted, column.Type.ToString()),
        };
    }

    /// <summary>Reads the images of a row or cursor in which the column is active.</summary>
    public PixelReader CreateReader(IExceptionContext context, DataViewRow row, InputFormat? format) => _column.Type switch
    {
        ImageDataViewType => new ImageReader(context, _column, row, _imageChannels, format),
        VectorDataViewType { IsKnownSize: false } => new EncodedReader(context, _column, row, _imageChannels, format),
        VectorDataViewType vector when vector.ItemType == NumberDataViewType.Byte =>
            new VectorReader<byte>(context, _column, row, Shape!.Value, format),
        _ => new VectorReader<float>(context, _column, row, Shape!.Value, format),
    };

    /// <summary>The shape of the images of a model that keeps the column's size, from its first row where the type does not say it.</summary>
    public ImageShape? FindShape(IExceptionContext context, IDataView data)
    {
        if (Shape is { } shape)
        {
            return shape;
        }

        using var cursor = data.GetRowCursor([_column]);
        if (!cursor.MoveNext())
        {
            return null;
        }

        var reader = CreateReader(context, cursor, format: null);
        reader.Read();
        return reader.Shape;
    }

    // A column of images gets lost on the way where nobody expects it.
    private static Exception Missing(IExceptionContext context, string name, IEnumerable<string> others)
    {
        var encoded = others.Contains("ImageBytes") ? "FeatureColumnName = \"ImageBytes\"" : "ImageBytes of LoadFromImageFolder";
        return context.MissingColumn(
            "feature", name, $"ML.NET's ShuffleRows and Cache drop columns of images (MLImage): use the encoded bytes where rows "
            + $"are shuffled or cached ({encoded}).");
    }

    private static ImageShape ShapeOf(IExceptionContext context, VectorDataViewType type, string name)
    {
        switch (type.Dimensions)
        {
            case [var channels, var height, var width] when channels is 1 or 3:
                return new(channels, height, width);

            case [var channels, _, _]:
                throw context.Error(
                    $"The feature column '{name}' has {channels} channels (dimensions {string.Join(" x ", type.Dimensions)}): images "
                    + "have 1 (grey) or 3 (red, green, blue), and the dimensions are (channels, height, width).");

            case [var length]:
                foreach (var channels in (int[])[1, 3])
                {
                    var side = (int)Math.Round(Math.Sqrt((double)length / channels));
                    if ((long)side * side * channels == length)
                    {
                        return new(channels, side, side);
                    }
                }

                goto default;

            default:
                throw context.Error(
                    $"The feature column '{name}' has the dimensions {string.Join(" x ", type.Dimensions)}, which do not say the shape of a "
                    + "image: it must be (channels, height, width), or channels x side x side values of a square image with 1 or 3 "
                    + "channels. Give the column its dimensions, for instance with ExtractPixels or a VectorType attribute.");
        }
    }
}
