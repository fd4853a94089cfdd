using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace ResNetMLNet.Tests.Support;

/// <summary>The types that a feature column can have.</summary>
public enum ImageKind
{
    GreyImage,
    Image,
    ImageOfUnknownSize,
    GreyBytes,
    Bytes,
    GreyFloats,
    Floats,
    FlatGreyBytes,
    FlatBytes,
    FlatGreyFloats,
    FlatFloats,
    SparseFloats,
    SparseBytes,
    GreyEncoded,
    Encoded,
}

/// <summary>What a label can be before and after it is mapped to a key.</summary>
public enum LabelKind
{
    Text,
    Integer,
    Float,
    Boolean,
    KeyWithoutValues,
    ByteKey,
    UShortKey,
    ULongKey,
    ByteKeyWithText,
    ULongKeyWithIntegers,
}

/// <summary>Small labelled images in memory, and tiny networks for them.</summary>
internal static class Images
{
    public const int Size = 20;

    public static readonly string[] ClassNames = ["top", "middle", "bottom"];

    public static MLContext Context(int? seed = 1) => new(seed);

    /// <summary>A context that writes its messages into a list.</summary>
    public static MLContext Context(List<string> log)
    {
        var ml = Context();
        ml.Log += (_, message) => log.Add(message.RawMessage);
        return ml;
    }

    /// <summary>The options of a network that is trained in a moment.</summary>
    public static ResNetTrainer.Options Tiny(ImageKind kind = ImageKind.GreyBytes, Action<ResNetTrainer.Options>? change = null)
    {
        var options = new ResNetTrainer.Options
        {
            Architecture = ResNetArchitecture.BookResNet18 with { Name = "tiny", Width = 4, Depths = new(1, 1, 1, 1) },
            Device = TestDevice.Value,
            Precision = ComputePrecision.Float32,
            Augmentation = Augmentation.None,
            NumberOfEpochs = 1,
            BatchSize = 8,
            ImageChannels = Channels(kind),
            Threads = Environment.ProcessorCount,
        };
        change?.Invoke(options);
        return options;
    }

    public static ResNetTrainer Trainer(
        MLContext ml, ImageKind kind = ImageKind.GreyBytes, Action<ResNetTrainer.Options>? change = null) =>
        ml.MulticlassClassification.Trainers.ResNet(Tiny(kind, change));

    /// <summary>A model, saved and loaded again.</summary>
    public static ResNetTransformer Reloaded(ResNetTransformer model)
    {
        using var zip = new MemoryStream();
        Context().Model.Save(model, inputSchema: null, zip);
        return (ResNetTransformer)Context().Model.Load(zip, out _);
    }

    /// <summary>Images in the column Features and their class in the column Label.</summary>
    public static MemoryDataView Labelled(
        int rows = 24, ImageKind kind = ImageKind.GreyBytes, LabelKind label = LabelKind.ByteKeyWithText, int size = Size,
        params IEnumerable<MemoryColumn> more) => new(rows, [Features(kind, size), Key(label), .. more]);

    /// <summary>
    /// Images with weights in the column Weight that are too large from the third epoch on: the sum of two is infinite. They are to be
    /// streamed (a <see cref="ResNetTrainer.Options.MemoryBudget"/> of 100): then the rows are read before the first epoch, and in each.
    /// </summary>
    public static MemoryDataView Diverging()
    {
        var passes = 0;
        var data = new MemoryDataView(
            24, Features(), Key(LabelKind.Text),
            new MemoryColumn<float>("Weight", NumberDataViewType.Single, _ => passes > 3 ? 3e38f : 1))
        { CanShuffle = false };
        data.OnRow = row => passes += row == 0 ? 1 : 0;
        return data;
    }

    /// <summary>Labelled grey images as floats on a scale of their own, on which white is this.</summary>
    public static MemoryDataView OfWhite(float white, int rows = 12, float black = 0)
    {
        return new(rows, Vector("Features", Pixels, 1, Size, Size), Key(LabelKind.ByteKeyWithText));

        float[] Pixels(int row) => [.. PixelPattern.Planes(row, 1, Size, Size).Select(pixel => black + (pixel * (white - black) / 255))];
    }

    public static MemoryDataView Unlabelled(
        int rows = 24, ImageKind kind = ImageKind.GreyBytes, int size = Size, params IEnumerable<MemoryColumn> more) =>
        new(rows, [Features(kind, size), .. more]);

    public static int Channels(ImageKind kind) => kind is ImageKind.GreyImage or ImageKind.GreyBytes or ImageKind.GreyFloats
        or ImageKind.FlatGreyBytes or ImageKind.FlatGreyFloats or ImageKind.GreyEncoded ? 1 : 3;

    public static MemoryColumn Features(ImageKind kind = ImageKind.GreyBytes, int size = Size, string name = "Features")
    {
        var c = Channels(kind);
        return kind switch
        {
            ImageKind.GreyImage or ImageKind.Image =>
                new MemoryColumn<MLImage>(name, new ImageDataViewType(size, size), i => Image(i, c, size)),
            ImageKind.ImageOfUnknownSize => new MemoryColumn<MLImage>(name, new ImageDataViewType(), i => Image(i, c, size)),
            ImageKind.GreyBytes or ImageKind.Bytes => Vector(name, i => PixelPattern.Planes(i, c, size, size), c, size, size),
            ImageKind.FlatGreyBytes or ImageKind.FlatBytes => Vector(name, i => PixelPattern.Planes(i, c, size, size), c * size * size),
            ImageKind.GreyFloats or ImageKind.Floats => Vector(name, i => Floats(i, c, size), c, size, size),
            ImageKind.FlatGreyFloats or ImageKind.FlatFloats => Vector(name, i => Floats(i, c, size), c * size * size),
            ImageKind.SparseFloats => Sparse(name, i => Floats(i, c, size), c, size, size),
            ImageKind.SparseBytes => Sparse(name, i => PixelPattern.Planes(i, c, size, size), c, size, size),
            _ => Vector(name, i => PixelPattern.Bmp(i, c, size, size)),
        };
    }

    /// <summary>A vector column; without dimensions, of unknown length.</summary>
    public static MemoryColumn Vector<T>(string name, Func<int, T[]> value, params int[] dimensions)
        where T : unmanaged =>
        new MemoryColumn<VBuffer<T>>(
            name,
            dimensions.Length == 0 ? new VectorDataViewType(Item<T>()) : new(Item<T>(), dimensions),
            i => value(i) is var values ? new VBuffer<T>(values.Length, values) : default);

    public static MemoryColumn Text(string name, Func<int, string> value) =>
        new MemoryColumn<ReadOnlyMemory<char>>(name, TextDataViewType.Instance, i => value(i).AsMemory());

    /// <summary>The number of the row, by which scores and passed-through columns can be told to belong together.</summary>
    public static MemoryColumn Number(string name = "Number") => new MemoryColumn<int>(name, NumberDataViewType.Int32, i => i);

    /// <summary>A label that is a key, whose values are of the kind that is asked for; the rows that are missing have none.</summary>
    public static MemoryColumn Key(LabelKind kind, string name = "Label", Func<int, bool>? missing = null)
    {
        return kind switch
        {
            LabelKind.Text => Keys(i => (uint)i, Texts()),
            LabelKind.Integer => Keys(i => (uint)i, Values(NumberDataViewType.Int32, [-7, 0, 1_000_000])),
            LabelKind.Float => Keys(i => (uint)i, Values(NumberDataViewType.Single, [-0.5f, 2.25f, 1e9f])),
            LabelKind.Boolean => Keys(i => (uint)i, Values(BooleanDataViewType.Instance, [false, true, true])),
            LabelKind.KeyWithoutValues => Keys(i => (uint)i, null),
            LabelKind.ByteKey => Keys(i => (byte)i, null),
            LabelKind.UShortKey => Keys(i => (ushort)i, null),
            LabelKind.ULongKey => Keys(i => (ulong)i, null),
            LabelKind.ByteKeyWithText => Keys(i => (byte)i, Texts()),
            _ => Keys(i => (ulong)i, Values(NumberDataViewType.Int64, [5L, 6L, long.MaxValue])),
        };

        MemoryColumn Keys<T>(Func<int, T> key, DataViewSchema.Annotations? values) => new MemoryColumn<T>(
            name,
            new KeyDataViewType(typeof(T), PixelPattern.Classes),
            i => key(missing?.Invoke(i) == true ? 0 : PixelPattern.ClassOf(i) + 1),
            values);

        static DataViewSchema.Annotations Texts() => Values(TextDataViewType.Instance, [.. ClassNames.Select(each => each.AsMemory())]);
    }

    /// <summary>The class of each row in a column that is no key yet.</summary>
    public static MemoryColumn RawClass(LabelKind kind, string name = "Class") => kind switch
    {
        LabelKind.Text => Text(name, i => ClassNames[PixelPattern.ClassOf(i)]),
        LabelKind.Integer => new MemoryColumn<int>(name, NumberDataViewType.Int32, i => PixelPattern.ClassOf(i) * 10 - 3),
        LabelKind.Float => new MemoryColumn<float>(name, NumberDataViewType.Single, i => PixelPattern.ClassOf(i) * 1.5f),
        LabelKind.Boolean => new MemoryColumn<bool>(name, BooleanDataViewType.Instance, i => PixelPattern.ClassOf(i) == 1),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public static MLImage Image(int image, int channels, int size)
    {
        var planes = PixelPattern.Planes(image, channels, size, size);
        var pixels = new byte[4 * size * size];
        for (var i = 0; i < size * size; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                pixels[4 * i + c] = planes[(channels == 1 ? 0 : 2 - c) * size * size + i];
            }

            pixels[4 * i + 3] = 255;
        }

        return MLImage.CreateFromPixels(size, size, MLPixelFormat.Bgra32, pixels);
    }

    private static float[] Floats(int image, int channels, int size) =>
        [.. PixelPattern.Planes(image, channels, size, size).Select(pixel => pixel / 255f)];

    // The dark pixels are left out, so that there is something to be sparse about.
    private static MemoryColumn Sparse<T>(string name, Func<int, T[]> value, params int[] dimensions)
        where T : unmanaged =>
        new MemoryColumn<VBuffer<T>>(name, new VectorDataViewType(Item<T>(), dimensions), i =>
        {
            var values = value(i);
            var kept = Enumerable.Range(0, values.Length)
                .Where(index =>
                    Convert.ToDouble(values[index], CultureInfo.InvariantCulture) > (typeof(T) == typeof(byte) ? 90 : 90 / 255.0))
                .ToArray();
            return new(values.Length, kept.Length, [.. kept.Select(index => values[index])], kept);
        });

    private static PrimitiveDataViewType Item<T>() => typeof(T) == typeof(byte) ? NumberDataViewType.Byte
        : typeof(T) == typeof(float) ? NumberDataViewType.Single
        : typeof(T) == typeof(double) ? NumberDataViewType.Double
        : typeof(T) == typeof(int) ? NumberDataViewType.Int32
        : throw new NotSupportedException(typeof(T).Name);

    private static DataViewSchema.Annotations Values<T>(PrimitiveDataViewType type, T[] values)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        builder.Add(
            "KeyValues",
            new VectorDataViewType(type, values.Length),
            (ref VBuffer<T> destination) => new VBuffer<T>(values.Length, values).CopyTo(ref destination));
        return builder.ToAnnotations();
    }
}
