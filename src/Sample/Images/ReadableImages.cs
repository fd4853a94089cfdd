using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Sample.Images;

/// <summary>The images of a folder without those that cannot be read.</summary>
internal static class ReadableImages
{
    // Each has an image in memory, in full size.
    private const int MostThreads = 8;

    /// <summary>Decodes each file once, on several threads, and says on standard error which cannot be read, and why.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="images">The images, with their paths.</param>
    /// <param name="folder">The folder in which they lie.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The others, and how many were left out.</returns>
    /// <exception cref="InvalidOperationException">No image can be read.</exception>
    public static (IDataView Images, long LeftOut) Of(MLContext ml, IDataView images, string folder, CancellationToken cancellation)
    {
        // Of several processes that train together, one speaks.
        var output = DistributedProcess.IsFirst ? SteadyWriter.Error() : TextWriter.Null;
        FolderImage[] files = [.. FolderImage.Of(ml, images)];
        output.WriteLine($"trying whether the {files.Length:N0} images can be read");
        var problems = Problems(images, cancellation);
        foreach (var file in files.Where(file => problems.ContainsKey(file.ImagePath)))
        {
            output.WriteLine(problems[file.ImagePath]);
        }

        if (problems.Count == files.Length)
        {
            throw new InvalidOperationException($"None of the {files.Length:N0} images of '{folder}' can be read.");
        }

        if (problems.IsEmpty)
        {
            return (images, 0);
        }

        output.WriteLine(
            $"left out: {problems.Count:N0} of {files.Length:N0} images, which cannot be read{EmptyClasses(images, files, problems)}");
        return (FolderImage.Filter(ml, images, path => !problems.ContainsKey(path)), problems.Count);
    }

    private static string EmptyClasses(IDataView images, FolderImage[] files, ConcurrentDictionary<string, string> problems)
    {
        var classes = images.ClassNames();
        string[] empty =
        [
            .. files.GroupBy(file => file.Label).Where(ofClass => ofClass.All(file => problems.ContainsKey(file.ImagePath)))
                .Select(ofClass => classes[(int)ofClass.Key - 1]),
        ];
        return empty.Length == 0 ? "" : $"; none is left of {PlainText.List(empty)}";
    }

    private static ConcurrentDictionary<string, string> Problems(IDataView images, CancellationToken cancellation)
    {
        var (problems, parts) = (new ConcurrentDictionary<string, string>(), Math.Min(Environment.ProcessorCount, MostThreads));
        Parallel.For(0, parts, new ParallelOptions { CancellationToken = cancellation }, part =>
        {
            using var cursor = images.GetRowCursor([images.Schema["Image"], images.Schema[nameof(FolderImage.ImagePath)]]);
            var readImage = cursor.GetGetter<MLImage>(images.Schema["Image"]);
            var readPath = cursor.GetGetter<ReadOnlyMemory<char>>(images.Schema[nameof(FolderImage.ImagePath)]);
            MLImage? image = null;
            var path = default(ReadOnlyMemory<char>);
            try
            {
                for (var row = 0; cursor.MoveNext(); row++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (row % parts != part)
                    {
                        continue;
                    }

                    readPath(ref path);
                    try
                    {
                        readImage(ref image!);
                    }
                    catch (UnusableImageException e)
                    {
                        problems[path.ToString()] = Exit.Explain(e);
                    }
                }
            }
            finally
            {
                image?.Dispose();
            }
        });
        return problems;
    }
}
