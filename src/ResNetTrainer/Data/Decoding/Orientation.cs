using SkiaSharp;

namespace ResNetMLNet.Data.Decoding;

/// <summary>What EXIF's orientations mean.</summary>
internal static class Orientation
{
    /// <summary>Whether rows of the image as it lies in the file are columns of it as it is seen.</summary>
    public static bool IsSideways(this SKEncodedOrigin origin) =>
        origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;

    /// <summary>
    /// Where the first pixel that is seen lies among those of an image of a width and height, and how far it is from there to the next
    /// in the row and to the next row.
    /// </summary>
    public static (int First, int NextPixel, int NextRow) WayThrough(this SKEncodedOrigin origin, int width, int height)
    {
        var (right, bottom) = (width - 1, (height - 1) * width);
        return origin switch
        {
            SKEncodedOrigin.TopRight => (right, -1, width),
            SKEncodedOrigin.BottomRight => (bottom + right, -1, -width),
            SKEncodedOrigin.BottomLeft => (bottom, 1, -width),
            SKEncodedOrigin.LeftTop => (0, width, 1),
            SKEncodedOrigin.RightTop => (bottom, -width, 1),
            SKEncodedOrigin.RightBottom => (bottom + right, -width, -1),
            SKEncodedOrigin.LeftBottom => (right, width, -1),
            _ => (0, 1, width),
        };
    }
}
