using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNetMLNet.Data;

/// <summary>Images of any size. Those larger than what the network sees are reduced as they are read.</summary>
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
        PixelLayout.ToPlanes(image.Pixels, image.PixelFormat == MLPixelFormat.Rgba32, channels, planes);
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
        return Convert(image ?? throw Error("there is no image. Leave rows without images out."));
    }
}

/// <summary>Encoded images (PNG, JPEG, BMP, GIF, WebP), as ML.NET's LoadRawImageBytes gives them.</summary>
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
            throw Error("there is no image. Leave rows without images out.");
        }

        using var image = Decode(new MemoryStream(_encoded.DenseValues().ToArray()));
        return Convert(image);
    }

    // byte[] without its shape is a vector of unknown length, which is taken for an encoded image.
    private string PixelHint => ImageSignature.IsContent(_encoded.GetValues()) ? ""
        : Format?.Shape is { } shape && _encoded.Length == shape.Count
            ? $" They are as many as an image of {shape} has pixels: say so on the property, with "
                + $"[VectorType({shape.Channels}, {shape.Height}, {shape.Width})]."
            : " If they are pixels, say their shape with [VectorType(channels, height, width)] on the property.";

    private MLImage Decode(Stream stream)
    {
        try
        {
            return MLImage.CreateFromStream(stream);
        }
        catch (ArgumentException)
        {
            throw Error($"the {_encoded.Length} bytes are not an image that can be decoded (PNG, JPEG, BMP, GIF, WebP).{PixelHint}");
        }
    }
}
