using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Network;

namespace ResNetMLNet.Data.Reading;

/// <summary>Images of any size. Those larger than what the network sees are reduced as they are read.</summary>
internal abstract class FreeSizeReader(FeatureRow row, int channels, InputFormat? format) : PixelReader(row, format)
{
    private readonly HostResizer _resizer = new();
    private byte[] _planes = [];
    private float[] _resized = [];

    public override PixelType Type => PixelType.Byte;

    protected ReadOnlySpan<byte> Convert(PixelGrid pixels)
    {
        Shape = new(channels, pixels.Height, pixels.Width);
        if (Format is { Resizes: true } format && Exceeds(pixels, format.Kept))
        {
            return Reduce(pixels, format);
        }

        var planes = GrowingBuffer.Grow(ref _planes, Shape.Count);
        pixels.ToPlanes(channels, planes);
        return planes;
    }

    private static bool Exceeds(PixelGrid pixels, ImageShape kept) => pixels.Height > kept.Height || pixels.Width > kept.Width;

    // Rounded to bytes again: what is kept for many epochs must be small.
    private ReadOnlySpan<byte> Reduce(PixelGrid pixels, InputFormat format)
    {
        var (shape, mode) = format.Reduced(pixels.Height, pixels.Width);
        var to = shape with { Channels = channels };
        var target = GrowingBuffer.Grow(ref _resized, to.Count);
        _resizer.Resize(new GridRows(pixels, channels), Shape, target, to, mode);
        Shape = to;
        TensorPrimitives.Round(target, target);
        var reduced = GrowingBuffer.Grow(ref _planes, to.Count);
        for (var i = 0; i < reduced.Length; i++)
        {
            // Means of bytes: they are in range.
            reduced[i] = (byte)target[i];
        }

        return reduced;
    }
}

/// <summary>Images; they belong to whoever made them. Each is handed back with the next call, as ML.NET's getters want it.</summary>
internal sealed class ImageReader(FeatureRow row, int channels, InputFormat? format) : FreeSizeReader(row, channels, format)
{
    private readonly ValueGetter<MLImage> _getter = row.GetGetter<MLImage>();
    private MLImage? _image;

    protected override ReadOnlySpan<byte> ReadPixels()
    {
        try
        {
            _getter(ref _image!);
        }
        catch (Exception e) when (IsOfFile(e))
        {
            throw Row.Unreadable(e.Message);
        }

        var image = _image ?? throw Row.Unreadable("there is no image. Leave rows without images out.");
        return Convert(new(image.Pixels, image.Width, image.Height, redFirst: image.PixelFormat == MLPixelFormat.Rgba32));
    }

    // That the file is gone, not permitted or damaged, as ML.NET's LoadImages says in its getter.
    private static bool IsOfFile(Exception e) => e is IOException or UnauthorizedAccessException
        || e is ArgumentException && e.Source == typeof(MLImage).Assembly.GetName().Name;
}

/// <summary>Encoded images (PNG, JPEG, GIF, BMP, WebP), as ML.NET's LoadRawImageBytes gives them.</summary>
internal sealed class EncodedReader(FeatureRow row, int channels, int maximumPixels, InputFormat? format)
    : FreeSizeReader(row, channels, format)
{
    private readonly ValueGetter<VBuffer<byte>> _getter = row.GetGetter<VBuffer<byte>>();
    private VBuffer<byte> _encoded;

    // byte[] without its shape is a vector of unknown length, which is taken for an encoded image. A file is one.
    private string PixelHint => _encoded.Length == 0 || Row.File is not null || ImageSignature.IsContent(_encoded.GetValues()) ? ""
        : Format?.Shape is { } shape && _encoded.Length == shape.Count
            ? $" They are as many as an image of {shape} has pixels: say so on the property, with "
                + $"[VectorType({shape.Channels}, {shape.Height}, {shape.Width})]."
            : " If they are pixels, say their shape with [VectorType(channels, height, width)] on the property.";

    protected override ReadOnlySpan<byte> ReadPixels()
    {
        _getter(ref _encoded);
        var bytes = _encoded.IsDense ? _encoded.GetValues() : [.. _encoded.DenseValues()];
        try
        {
            using var encoded = EncodedImage.Open(bytes, maximumPixels);
            using var decoded = encoded.Decode(Format is { Resizes: true, Kept: var kept, ResizeMode: var mode }
                ? ScaledSize.Of(encoded.Height, encoded.Width, kept.Height, kept.Width, mode)
                : null);
            return Convert(decoded.Pixels);
        }
        catch (UndecodableImageException e)
        {
            throw Row.Unreadable(e.Message + PixelHint);
        }
    }
}
