using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Images;
using SkiaSharp;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>Draws rows of images.</summary>
/// <param name="ml">The context.</param>
/// <param name="all">The data that the rows come from, as it was loaded: with its column of images, which shuffling drops.</param>
/// <param name="network">The network that sees them.</param>
internal sealed class Thumbnails(MLContext ml, IDataView all, ResNetModel network)
{
    /// <summary>The column of the paths, where images are files.</summary>
    public const string ImagePath = "ImagePath";

    private const string Image = "Image";

    /// <summary>Draws the rows, in their order; who asks for the bitmaps disposes them.</summary>
    public IReadOnlyList<SKBitmap> Draw(IDataView rows)
    {
        if (rows.Schema.GetColumnOrNull(Image) is not null)
        {
            return [.. Read(rows).Select(row => row.Bitmap)];
        }

        string[] paths = [.. rows.GetColumn<string>(ImagePath)];
        var wanted = paths.ToHashSet();
        var files = FolderImage.Filter(ml, all, wanted.Contains);
        var drawn = Read(files).ToDictionary(row => row.Path!, row => row.Bitmap);
        return [.. paths.Select(path => drawn[path])];
    }

    private IEnumerable<(string? Path, SKBitmap Bitmap)> Read(IDataView rows)
    {
        var columns = rows.Schema.Where(column => column.Name is Image or ImagePath && !column.IsHidden);
        using var cursor = rows.GetRowCursor(columns);
        var readImage = cursor.GetGetter<MLImage>(rows.Schema[Image]);
        var readPath = rows.Schema.GetColumnOrNull(ImagePath) is { } path ? cursor.GetGetter<ReadOnlyMemory<char>>(path) : null;
        MLImage? image = null;
        var name = default(ReadOnlyMemory<char>);
        try
        {
            while (cursor.MoveNext())
            {
                readImage(ref image!);
                readPath?.Invoke(ref name);
                yield return (readPath is null ? null : name.ToString(), Thumbnail.Draw(image, network));
            }
        }
        finally
        {
            image?.Dispose();
        }
    }
}
