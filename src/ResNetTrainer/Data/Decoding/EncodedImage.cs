using SkiaSharp;

namespace ResNetMLNet.Data.Decoding;

/// <summary>
/// An encoded image of which only the header has been read: how large it is and which way up, before a pixel is decoded. Everything that
/// decodes goes through here. Skia is given memory, never a stream of .NET: what such a stream throws within Skia ends the process.
/// </summary>
internal sealed class EncodedImage : IDisposable
{
    public const int DefaultMaximumPixels = 100_000_000;

    // Four bytes each must fit a span.
    public const int LargestMaximumPixels = 500_000_000;

    // A side is reduced by the codec to no less than this many times what is needed: the rest is left to the better filter.
    private const int Reserve = 2;

    private readonly SKData _data;
    private readonly SKCodec _codec;
    private readonly SKEncodedOrigin _origin;

    private EncodedImage(SKData data, SKCodec codec, SKEncodedOrigin origin) => (_data, _codec, _origin) = (data, codec, origin);

    /// <summary>The height in pixels of the image as it is seen.</summary>
    public int Height => _origin.IsSideways() ? _codec.Info.Width : _codec.Info.Height;

    /// <summary>The width in pixels of the image as it is seen.</summary>
    public int Width => _origin.IsSideways() ? _codec.Info.Height : _codec.Info.Width;

    /// <summary>Reads the header.</summary>
    /// <exception cref="UndecodableImageException">The bytes are no image, or a larger one.</exception>
    public static EncodedImage Open(ReadOnlySpan<byte> bytes, int maximumPixels)
    {
        if (bytes.IsEmpty)
        {
            throw new UndecodableImageException("there is no image, but 0 bytes. Leave it out.");
        }

        var data = SKData.CreateCopy(bytes);
        var codec = SKCodec.Create(data);
        try
        {
            // WBMP has no magic number: whatever begins with two zeros could be one.
            if (codec is null || codec.EncodedFormat == SKEncodedImageFormat.Wbmp)
            {
                throw new UndecodableImageException(ImageSignature.IsLargeFilePointer(bytes)
                    ? "it is a pointer of Git LFS, not the image itself. Run 'git lfs pull' where it was cloned."
                    : $"the {bytes.Length} bytes are not an image that can be decoded (PNG, JPEG, GIF, BMP, WebP, ICO). Convert the image, "
                        + "or leave it out.");
            }

            var (width, height) = (codec.Info.Width, codec.Info.Height);
            if ((long)width * height > maximumPixels)
            {
                throw new UndecodableImageException(
                    $"the image has {width}x{height} pixels, more than the {maximumPixels} that are decoded. Reduce it, leave "
                    + "it out, or raise MaximumImagePixels.");
            }

            return new(data, codec, codec.EncodedFormat == SKEncodedImageFormat.Png ? PngOrientation.Of(bytes) : codec.EncodedOrigin);
        }
        catch
        {
            codec?.Dispose();
            data.Dispose();
            throw;
        }
    }

    /// <summary>Decodes the pixels, of animations those of the first image.</summary>
    /// <param name="needed">To what size the image will be reduced; the codec may do a part of it where it can. Null: to none.</param>
    /// <exception cref="UndecodableImageException">The image is cut off or damaged.</exception>
    /// <exception cref="OutOfMemoryException">There is no memory for the pixels.</exception>
    public DecodedImage Decode(ScaledSize? needed = null)
    {
        var size = needed is { } target ? Reduced(target) : _codec.Info.Size;

        // Premultiplied: on white, that is one addition.
        var alpha = _codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Premul;
        var info = new SKImageInfo(size.Width, size.Height, SKColorType.Bgra8888, alpha);
        var bitmap = new SKBitmap();
        try
        {
            if (!bitmap.TryAllocPixels(info))
            {
                throw new OutOfMemoryException(
                    $"There is no memory for the {size.Width}x{size.Height} pixels of an image ({info.BytesSize64} bytes).");
            }

            return _codec.GetPixels(info, bitmap.GetPixels()) switch
            {
                SKCodecResult.Success => new(bitmap, _origin),
                SKCodecResult.IncompleteInput => throw new UndecodableImageException(
                    "the image is cut off: its data ends before it does. Take a whole copy of it, or leave it out."),
                var result => throw new UndecodableImageException(
                    $"the image is damaged ({result}). Take another copy of it, or leave it out."),
            };
        }
        catch
        {
            bitmap.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _codec.Dispose();
        _data.Dispose();
    }

    private SKSizeI Reduced(ScaledSize needed)
    {
        var (height, width) = _origin.IsSideways() ? (needed.Width, needed.Height) : (needed.Height, needed.Width);
        if (_codec.EncodedFormat is SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp)
        {
            foreach (var divisor in (int[])[8, 4, 2])
            {
                var size = _codec.GetScaledDimensions(1f / divisor);
                if (Keeps(_codec.Info.Width, size.Width, divisor, width) && Keeps(_codec.Info.Height, size.Height, divisor, height))
                {
                    return size;
                }
            }
        }

        return _codec.Info.Size;
    }

    // Where a side is no multiple of the divisor, the reduced one stands for somewhat more: at most an eighth of a pixel of the result.
    private static bool Keeps(int side, int reduced, int divisor, int needed) =>
        reduced >= (long)Reserve * needed && Math.Abs(((long)reduced * divisor) - side) * needed * 8 <= side;
}
