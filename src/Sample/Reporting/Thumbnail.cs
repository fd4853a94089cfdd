using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using OxyPlot;
using ResNetMLNet.Sample.Scoring;
using SkiaSharp;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>A small image inside the report.</summary>
/// <param name="DataUri">The image itself.</param>
/// <param name="Width">Its width in pixels.</param>
/// <param name="Height">Its height in pixels.</param>
public sealed record Thumbnail(string DataUri, int Width, int Height)
{
    /// <summary>The longest side.</summary>
    public const int Largest = 144;

    // Above it, pixels are no longer told one by one and photographs would make the report large.
    private const int LargestLossless = 48;
    private const int Quality = 85;
    private const byte HeatOpacity = 130;

    private static readonly OxyPalette _heat = OxyPalettes.Hot(256);

    /// <summary>Draws an image as it is resized for a network.</summary>
    /// <param name="image">The image.</param>
    /// <param name="network">The network.</param>
    public static SKBitmap Draw(MLImage image, ResNetModel network)
    {
        var largest = Math.Max(network.ImageWidth, network.ImageHeight);
        var scale = Math.Min(1.0, (double)Largest / largest);
        var bitmap = New(Math.Max(1, (int)(network.ImageWidth * scale)), Math.Max(1, (int)(network.ImageHeight * scale)));
        using var source = Bitmap(image);
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.Medium };
        canvas.Clear(SKColors.Black);
        canvas.DrawBitmap(source, Place(source, bitmap, network.ResizeMode), paint);
        return bitmap;
    }

    public static Thumbnail Of(SKBitmap bitmap)
    {
        var lossless = Math.Max(bitmap.Width, bitmap.Height) <= LargestLossless;
        using var data = bitmap.Encode(lossless ? SKEncodedImageFormat.Png : SKEncodedImageFormat.Jpeg, Quality);
        var uri = $"data:image/{(lossless ? "png" : "jpeg")};base64,{Convert.ToBase64String(data.AsSpan())}";
        return new(uri, bitmap.Width, bitmap.Height);
    }

    /// <summary>An image under its heat map.</summary>
    public static Thumbnail Of(SKBitmap bitmap, HeatMap map)
    {
        using var heat = New(map.Width, map.Height);
        heat.Pixels = [.. map.Values.Select(Colour)];
        using var both = bitmap.Copy();
        using var canvas = new SKCanvas(both);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.Medium };
        canvas.DrawBitmap(heat, both.Info.Rect, paint);
        return Of(both);
    }

    private static SKColor Colour(float value)
    {
        var colour = _heat.Colors[(int)(Math.Clamp(float.IsFinite(value) ? value : 0, 0, 1) * (_heat.Colors.Count - 1))];
        return new(colour.R, colour.G, colour.B, HeatOpacity);
    }

    private static SKBitmap New(int width, int height) => new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);

    private static SKBitmap Bitmap(MLImage image)
    {
        var type = image.PixelFormat == MLPixelFormat.Bgra32 ? SKColorType.Bgra8888 : SKColorType.Rgba8888;
        var bitmap = new SKBitmap(image.Width, image.Height, type, SKAlphaType.Opaque);
        Marshal.Copy(image.Pixels.ToArray(), 0, bitmap.GetPixels(), image.Pixels.Length);
        return bitmap;
    }

    private static SKRect Place(SKBitmap source, SKBitmap target, ResizeMode mode)
    {
        var (x, y) = ((float)target.Width / source.Width, (float)target.Height / source.Height);
        var scale = mode == ResizeMode.CenterCrop ? Math.Max(x, y) : Math.Min(x, y);
        var (width, height) = mode == ResizeMode.Stretch
            ? (target.Width, target.Height)
            : (source.Width * scale, source.Height * scale);
        return SKRect.Create((target.Width - width) / 2, (target.Height - height) / 2, width, height);
    }
}
