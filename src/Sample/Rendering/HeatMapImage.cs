using OxyPlot;
using SkiaSharp;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>An image under its heat map.</summary>
internal static class HeatMapImage
{
    // Smaller images are enlarged, so that one sees something.
    private const int LeastSide = 224;
    private const byte Opacity = 128;

    // Of perceptually even steps, from dark to bright, also in grey and for the colour-blind.
    private static readonly OxyPalette _colours = OxyPalettes.Inferno(256);

    /// <summary>Draws an image and a heat map that have the same size.</summary>
    /// <param name="image">The planes of the image, (channels, height, width), in [0, 1].</param>
    /// <param name="heatMap">(height, width), in [0, 1].</param>
    /// <param name="width">Their width in pixels.</param>
    /// <param name="height">Their height in pixels.</param>
    public static byte[] ToPng(float[] image, float[] heatMap, int width, int height)
    {
        var scale = Math.Max(1, (LeastSide + Math.Max(width, height) - 1) / Math.Max(width, height));
        using var both = New(scale * width, scale * height);
        using var canvas = new SKCanvas(both);
        using var seen = New(width, height);
        using var heat = New(width, height);
        seen.Pixels = [.. heatMap.Select((_, pixel) => Colour(image, pixel, heatMap.Length))];
        heat.Pixels = [.. heatMap.Select(Colour)];
        Draw(canvas, seen, both.Info.Rect, SKFilterQuality.None);
        Draw(canvas, heat, both.Info.Rect, SKFilterQuality.Medium);

        // To memory first: an exception of a stream inside the encoder's native code would end the process.
        using var png = both.Encode(SKEncodedImageFormat.Png, quality: 100);
        return png.ToArray();
    }

    private static void Draw(SKCanvas canvas, SKBitmap bitmap, SKRect place, SKFilterQuality quality)
    {
        using var paint = new SKPaint { FilterQuality = quality };
        canvas.DrawBitmap(bitmap, place, paint);
    }

    private static SKColor Colour(float[] planes, int pixel, int plane)
    {
        var isGrey = planes.Length == plane;
        byte Channel(int index) => (byte)Math.Round(255 * Clamp(planes[((isGrey ? 0 : index) * plane) + pixel]));
        return new(Channel(0), Channel(1), Channel(2));
    }

    private static SKColor Colour(float heat)
    {
        var colour = _colours.Colors[(int)Math.Round(Clamp(heat) * (_colours.Colors.Count - 1))];
        return new(colour.R, colour.G, colour.B, Opacity);
    }

    private static float Clamp(float value) => float.IsFinite(value) ? Math.Clamp(value, 0, 1) : 0;

    private static SKBitmap New(int width, int height) => new(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
}
