using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Hosting;

namespace ResNetMLNet.Data;

/// <summary>What the values of a picture are: bytes of 0 to 255, or floats that are taken as they are.</summary>
internal enum PixelType
{
    Byte,
    Single,
}

/// <summary>Reads the picture of a row's feature column into a buffer of its own. Holds nothing native.</summary>
internal abstract class PixelReader(
    IExceptionContext context, DataViewSchema.Column column, DataViewRow row, InputFormat? format)
{
    protected InputFormat? Format => format;

    public abstract PixelType Type { get; }

    /// <summary>The shape of the picture that was read last.</summary>
    public ImageShape Shape { get; protected set; }

    /// <summary>The values of the picture at the row's position, valid until the next call.</summary>
    /// <exception cref="InvalidOperationException">The picture is missing, damaged, or not what the network takes.</exception>
    public ReadOnlySpan<byte> Read()
    {
        var pixels = ReadPixels();
        if (format is not null && !format.Takes(Shape))
        {
            throw Error(
                $"the picture is {Shape} (channels x height x width) where the network takes {format.Shape}. Set ImageSize to have "
                + "pictures of different sizes resized, or put ResizeImages before the trainer.");
        }

        return pixels;
    }

    protected abstract ReadOnlySpan<byte> ReadPixels();

    protected Exception Error(string problem) =>
        RowError.Create(context, "feature", column.Name, Math.Max(0, row.Position), problem);
}

/// <summary>Vectors of one shape, dense or sparse.</summary>
internal sealed class VectorReader<T> : PixelReader
    where T : unmanaged
{
    private readonly ValueGetter<VBuffer<T>> _getter;
    private VBuffer<T> _vector;
    private T[] _dense = [];

    public VectorReader(IExceptionContext context, DataViewSchema.Column column, DataViewRow row, ImageShape shape, InputFormat? format)
        : base(context, column, row, format)
    {
        _getter = row.GetGetter<VBuffer<T>>(column);
        Shape = shape;
    }

    public override PixelType Type => typeof(T) == typeof(byte) ? PixelType.Byte : PixelType.Single;

    protected override ReadOnlySpan<byte> ReadPixels()
    {
        _getter(ref _vector);
        if (_vector.Length != Shape.Count)
        {
            throw Error($"the vector has {_vector.Length} values where a picture of {Shape} has {Shape.Count}.");
        }

        var values = _vector.GetValues();
        if (!_vector.IsDense)
        {
            Array.Resize(ref _dense, Shape.Count);
            _vector.CopyTo(_dense);
            values = _dense;
        }

        if (typeof(T) == typeof(float) && !AllFinite(MemoryMarshal.Cast<T, float>(values)))
        {
            throw Error("a pixel is NaN or infinite. Replace missing values, or leave these rows out.");
        }

        return MemoryMarshal.AsBytes(values);
    }

    private static bool AllFinite(ReadOnlySpan<float> values)
    {
        // x - x is zero for every finite x and NaN for the others.
        var sum = Vector<float>.Zero;
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        foreach (var vector in vectors)
        {
            sum += vector - vector;
        }

        var rest = 0f;
        foreach (var value in values[(vectors.Length * Vector<float>.Count)..])
        {
            rest += value - value;
        }

        return Vector.Dot(sum, Vector<float>.One) + rest == 0;
    }
}

/// <summary>Pictures of any size. Those larger than what the network sees are reduced as they are read.</summary>
internal abstract class FreeSizeReader(
    IExceptionContext context, DataViewSchema.Column column, DataViewRow row, int channels, InputFormat? format)
    : PixelReader(context, column, row, format)
{
    private readonly HostResizer _resizer = new();
    private byte[] _planes = [];

    public override PixelType Type => PixelType.Byte;

    protected ReadOnlySpan<byte> Convert(MLImage image)
    {
        Shape = new(channels, image.Height, image.Width);
        if (_planes.Length < Shape.Count)
        {
            _planes = new byte[Shape.Count];
        }

        var planes = _planes.AsSpan(0, Shape.Count);
        Interleaved.ToPlanes(image.Pixels, image.PixelFormat == MLPixelFormat.Rgba32, channels, planes);
        return Format is { Resizes: true } format && (image.Height > format.Shape.Height || image.Width > format.Shape.Width)
            ? Reduce(planes, format)
            : planes;
    }

    // Rounded to bytes again: what is kept for many epochs must be small.
    private byte[] Reduce(ReadOnlySpan<byte> planes, InputFormat format)
    {
        var to = format.Shape with { Channels = channels };
        var source = new float[planes.Length];
        var target = new float[to.Count];
        TensorPrimitives.ConvertTruncating(planes, source);
        _resizer.Resize(source, Shape, target, to, format.ResizeMode);
        Shape = to;
        TensorPrimitives.Round(target, target);
        var reduced = new byte[to.Count];
        TensorPrimitives.ConvertSaturating<float, byte>(target, reduced);
        return reduced;
    }
}

/// <summary>Images; they belong to whoever made them and are not disposed.</summary>
internal sealed class ImageReader(
    IExceptionContext context, DataViewSchema.Column column, DataViewRow row, int channels, InputFormat? format)
    : FreeSizeReader(context, column, row, channels, format)
{
    private readonly ValueGetter<MLImage> _getter = row.GetGetter<MLImage>(column);

    protected override ReadOnlySpan<byte> ReadPixels()
    {
        MLImage? image = null;
        _getter(ref image!);
        return Convert(image ?? throw Error("there is no picture. Leave rows without pictures out."));
    }
}

/// <summary>Encoded pictures (PNG, JPEG, BMP, GIF, WebP), as ML.NET's LoadRawImageBytes gives them.</summary>
internal sealed class EncodedReader(
    IExceptionContext context, DataViewSchema.Column column, DataViewRow row, int channels, InputFormat? format)
    : FreeSizeReader(context, column, row, channels, format)
{
    private readonly ValueGetter<VBuffer<byte>> _getter = row.GetGetter<VBuffer<byte>>(column);
    private VBuffer<byte> _encoded;

    protected override ReadOnlySpan<byte> ReadPixels()
    {
        _getter(ref _encoded);
        if (_encoded.Length == 0)
        {
            throw Error("there is no picture. Leave rows without pictures out.");
        }

        using var image = Decode(new MemoryStream(_encoded.DenseValues().ToArray()));
        return Convert(image);
    }

    private MLImage Decode(Stream stream)
    {
        try
        {
            return MLImage.CreateFromStream(stream);
        }
        catch (ArgumentException)
        {
            throw Error($"the {_encoded.Length} bytes are not a picture that can be decoded (PNG, JPEG, BMP, GIF, WebP).");
        }
    }
}
