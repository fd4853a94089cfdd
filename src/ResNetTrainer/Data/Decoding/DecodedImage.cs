using SkiaSharp;

namespace ResNetMLNet.Data.Decoding;

/// <summary>The pixels of an image. Owns the bitmap.</summary>
internal sealed class DecodedImage(SKBitmap bitmap, SKEncodedOrigin origin) : IDisposable
{
    /// <summary>The pixels as they are seen, valid until the image is disposed.</summary>
    public PixelGrid Pixels => new(bitmap.GetPixelSpan(), bitmap.Width, bitmap.Height, origin);

    public void Dispose() => bitmap.Dispose();
}
