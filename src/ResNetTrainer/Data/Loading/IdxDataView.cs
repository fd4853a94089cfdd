using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Loading;

/// <summary>
/// Images and labels of a pair of IDX files. The bytes are read and checked at once (47 MB for 60,000 images of 28x28);
/// images are made of them when a cursor asks.
/// </summary>
internal sealed class IdxDataView : RecordDataView
{
    private readonly byte[] _pixels;
    private readonly byte[] _labels;
    private readonly int _height;
    private readonly int _width;

    private IdxDataView(IExceptionContext context, DataViewSchema schema, byte[] pixels, byte[] labels, int height, int width)
        : base(context, schema, labels.Length)
    {
        _pixels = pixels;
        _labels = labels;
        _height = height;
        _width = width;
    }

    public static IdxDataView Open(IHostEnvironment environment, string imagesPath, string labelsPath, IReadOnlyList<string>? classNames)
    {
        var context = environment.Register("LoadFromIdx");
        if (classNames is not null)
        {
            LabelNames.Check(context, classNames);
        }

        using var imageFile = IdxFile.Open(context, imagesPath, dimensions: 3);
        using var labelFile = IdxFile.Open(context, labelsPath, dimensions: 1);
        var (count, height, width) = (imageFile.Sizes[0], imageFile.Sizes[1], imageFile.Sizes[2]);
        if (count != labelFile.Sizes[0])
        {
            throw context.Error(
                $"The file '{imagesPath}' has {count} images, but '{labelsPath}' has {labelFile.Sizes[0]} labels: they do not "
                + "belong together.");
        }

        if (height == 0 || width == 0)
        {
            throw context.Error($"The images of the file '{imagesPath}' are {height}x{width} pixels: there is nothing to see.");
        }

        var labels = labelFile.ReadValues();
        var names = classNames ?? [.. Enumerable.Range(0, labels.Length == 0 ? 1 : labels.Max() + 1).Select(label => $"{label}")];
        var unnamed = Array.FindIndex(labels, label => label >= names.Count);
        if (unnamed >= 0)
        {
            throw context.Error(
                $"The file '{labelsPath}' has the label {labels[unnamed]} in record {unnamed}, but there are only "
                + $"{names.Count} class names.");
        }

        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Image", new ImageDataViewType(height, width));
        schema.AddColumn("Pixels", new VectorDataViewType(NumberDataViewType.Byte, 1, height, width));
        schema.AddColumn("Label", new KeyDataViewType(typeof(uint), names.Count), LabelAnnotations(names));
        return new(context, schema.ToSchema(), imageFile.ReadValues(), labels, height, width);
    }

    protected override Delegate CreateGetter(DataViewSchema.Column column, Func<int> record) => column.Name switch
    {
        "Image" => (ValueGetter<MLImage>)((ref MLImage value) =>
            Replace(ref value, MLImage.CreateFromPixels(_width, _height, MLPixelFormat.Bgra32, PixelLayout.FromGrey(Pixels(record()))))),
        "Pixels" => (ValueGetter<VBuffer<byte>>)((ref VBuffer<byte> value) => Fill(ref value, Pixels(record()))),
        _ => (ValueGetter<uint>)((ref uint value) => value = _labels[record()] + 1u),
    };

    private ReadOnlySpan<byte> Pixels(int record) => _pixels.AsSpan(record * _height * _width, _height * _width);
}
