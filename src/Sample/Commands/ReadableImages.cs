using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The images of a folder without those that cannot be read.</summary>
internal static class ReadableImages
{
    /// <summary>Reads each file once, and says on standard error which cannot be read, and why.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="images">The images, with their paths.</param>
    /// <param name="folder">The folder in which they lie.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InvalidOperationException">No image can be read.</exception>
    public static IDataView Of(MLContext ml, IDataView images, string folder, CancellationToken cancellation)
    {
        var (count, unreadable) = Unreadable(images, cancellation);
        if (unreadable.Count == 0)
        {
            return images;
        }

        if (unreadable.Count == count)
        {
            throw new InvalidOperationException($"None of the {count:N0} images of '{folder}' can be read.");
        }

        SteadyWriter.Error().WriteLine($"left out: {unreadable.Count:N0} of {count:N0} images, which cannot be read");
        return ml.Data.FilterByCustomPredicate<FileRow>(images, image => unreadable.Contains(image.ImagePath));
    }

    private static (long Count, HashSet<string> Unreadable) Unreadable(IDataView images, CancellationToken cancellation)
    {
        var (count, unreadable) = (0L, new HashSet<string>(StringComparer.Ordinal));
        using var cursor = images.GetRowCursor([images.Schema["Image"], images.Schema["ImagePath"]]);
        var readImage = cursor.GetGetter<MLImage>(images.Schema["Image"]);
        var readPath = cursor.GetGetter<ReadOnlyMemory<char>>(images.Schema["ImagePath"]);
        MLImage? image = null;
        var path = default(ReadOnlyMemory<char>);
        try
        {
            for (; cursor.MoveNext(); count++)
            {
                cancellation.ThrowIfCancellationRequested();
                readPath(ref path);
                try
                {
                    readImage(ref image!);
                }
                catch (InvalidOperationException e) when (e.Message.Contains(path.ToString(), StringComparison.Ordinal))
                {
                    unreadable.Add(path.ToString());
                    SteadyWriter.Error().WriteLine(Exit.Explain(e));
                }
            }
        }
        finally
        {
            image?.Dispose();
        }

        return (count, unreadable);
    }

    private sealed class FileRow
    {
        public string ImagePath { get; set; } = "";
    }
}
