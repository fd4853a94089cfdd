using Microsoft.ML;
using SkiaSharp;

namespace ResNetMLNet.Sample.Images;

/// <summary>How large the images of a folder are, by the headers of some.</summary>
internal static class FileSizes
{
    private const int Files = 32;

    /// <summary>The median of their shorter sides, in pixels; null where none of the first files says it.</summary>
    public static int? ShorterSide(MLContext ml, IDataView images)
    {
        int[] sides = [.. FolderImage.Of(ml, images).Take(Files).Select(image => ShorterSide(image.ImagePath)).OfType<int>().Order()];
        return sides.Length == 0 ? null : sides[sides.Length / 2];
    }

    // A file that is no image is named where it is read.
    private static int? ShorterSide(string path)
    {
        using var codec = SKCodec.Create(path);
        return codec is null ? null : Math.Min(codec.Info.Width, codec.Info.Height);
    }
}
