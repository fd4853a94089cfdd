using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Columns;

/// <summary>A column of images: which of the accepted types it has, and how its rows are read.</summary>
internal sealed class FeatureColumn
{
    private const string Accepted =
        "an image (MLImage), a vector of byte or float with the dimensions (channels, height, width) or a flat one of "
        + "channels x side x side values, or a vector of bytes of unknown length that holds an encoded image; "
        + "the property of a class that holds pixels (byte[] or float[]) says their shape with [VectorType(channels, height, width)]";

    // Those of LoadFromImageFolder.
    private const string PathColumnName = "ImagePath";
    private const string ImageColumnName = "Image";
    private const string BytesColumnName = "ImageBytes";

    private const int Listed = 10;

    private readonly DataViewSchema.Column _column;

    private FeatureColumn(DataViewSchema.Column column) => _column = column;

    public DataViewSchema.Column Column => _column;

    /// <summary>What its rows hold.</summary>
    public FeatureKind Kind => FeatureKinds.Of(_column.Type);

    /// <summary>The column with the files that the images come from, by which errors name them; null where the data has none.</summary>
    public DataViewSchema.Column? Path { get; private init; }

    /// <summary>The columns that are read.</summary>
    public IEnumerable<DataViewSchema.Column> Columns => Path is { } path ? [_column, path] : [_column];

    /// <summary>The shape of every image, where the column's type says it; images and encoded bytes have their own.</summary>
    public ImageShape? Shape { get; private init; }

    public int Channels => Shape?.Channels ?? ImageChannels;

    private int ImageChannels { get; init; }

    private int MaximumPixels { get; init; }

    /// <summary>
    /// What a flat column may hold besides the square images that it is taken for: images of the usual 4:3 have as many values. Null where
    /// its dimensions say it, or nothing else fits.
    /// </summary>
    public string? OtherShape
    {
        get
        {
            if (_column.Type is not VectorDataViewType { Dimensions: [var length] } || Shape is not { } shape)
            {
                return null;
            }

            var (channels, unit) = (4 - shape.Channels, Math.Sqrt(length / 12.0 / (4 - shape.Channels)));
            return unit == Math.Floor(unit) ? $"{channels}x{3 * unit}x{4 * unit}" : null;
        }
    }

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
            throw context.MistypedColumn("feature", column, Wanted(name, column.ItemType));
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of another type.</exception>
    /// <exception cref="InvalidOperationException">The dimensions of the vector are not those of an image.</exception>
    public static FeatureColumn Find(
        IExceptionContext context,
        DataViewSchema schema,
        string name,
        int imageChannels,
        int maximumPixels = EncodedImage.DefaultMaximumPixels)
    {
        if (schema.GetColumnOrNull(name) is not { } column)
        {
            throw Missing(context, name, schema.Select(each => each.Name));
        }

        return new(column)
        {
            ImageChannels = imageChannels,
            MaximumPixels = maximumPixels,
            Path = schema.GetColumnOrNull(PathColumnName) is { Type: TextDataViewType } path ? path : null,
            Shape = column.Type switch
            {
                ImageDataViewType => null,
                VectorDataViewType { IsKnownSize: false } bytes when bytes.ItemType == NumberDataViewType.Byte => null,
                VectorDataViewType { IsKnownSize: true } vector
                    when vector.ItemType == NumberDataViewType.Byte || vector.ItemType == NumberDataViewType.Single =>
                    ShapeOf(context, vector, name),
                _ => throw context.MistypedColumn("feature", name, Wanted(name, column.Type), column.Type.ToString()),
            },
        };
    }

    // Where images are files, as in ML.NET's own tutorials, the column that one thinks of is that of their paths.
    private static string Wanted(string name, DataViewType type) => type is TextDataViewType
        ? $"{Accepted}; for the files of these paths put LoadRawImageBytes(\"{BytesColumnName}\", folder, \"{name}\") before the trainer, "
            + $"and FeatureColumnName = \"{BytesColumnName}\""
        : Accepted;

    /// <summary>Whether it holds encoded images, which are bytes that can be kept and decoded later.</summary>
    public bool IsEncoded => Kind == FeatureKind.EncodedImage;

    /// <summary>Reads the images of a row or cursor in which the column is active.</summary>
    public PixelReader CreateReader(IExceptionContext context, DataViewRow row, InputFormat? format) =>
        CreateReader(new CursorRow(context, row, this), format);

    /// <summary>Reads the images of a row.</summary>
    public PixelReader CreateReader(FeatureRow images, InputFormat? format) => Kind switch
    {
        FeatureKind.Image => new ImageReader(images, ImageChannels, format),
        FeatureKind.EncodedImage => new EncodedReader(images, ImageChannels, MaximumPixels, format),
        FeatureKind.Bytes => new VectorReader<byte>(images, Shape!.Value, format),
        _ => new VectorReader<float>(images, Shape!.Value, format),
    };

    private static Exception Missing(IExceptionContext context, string name, IEnumerable<string> others)
    {
        var there = others.Distinct().ToArray();
        var names = string.Join(", ", there.Take(Listed).Select(other => $"'{other}'")) + (there.Length > Listed ? ", ..." : "");

        // Of a folder of images, the column of images gets lost on the way where nobody expects it.
        var lost = there.Contains(PathColumnName) && !there.Contains(ImageColumnName) && name != BytesColumnName;
        var encoded = there.Contains(BytesColumnName) ? $"the column \"{BytesColumnName}\"" : $"{BytesColumnName} of LoadFromImageFolder";
        return context.MissingColumn(
            "feature",
            name,
            $"The data has {(names.Length == 0 ? "no columns" : names)}."
            + (lost
                ? " ML.NET's ShuffleRows and Cache drop columns of images (MLImage): use the encoded bytes where rows are shuffled or "
                    + $"cached ({encoded})."
                : " Name the column that has the images, or put the data through the steps that make it."));
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
                    $"The feature column '{name}' has the dimensions {string.Join(" x ", type.Dimensions)}, which do not say the shape of "
                    + "an image: it must be (channels, height, width), or channels x side x side values of a square image with 1 or 3 "
                    + "channels. Give the column its dimensions, for instance with ExtractPixels or a VectorType attribute.");
        }
    }
}
