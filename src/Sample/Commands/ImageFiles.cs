using System.CommandLine;
using Microsoft.ML;
using ResNetMLNet.Sample.Files;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Commands;

/// <summary>The image files that a command is given.</summary>
internal static class ImageFiles
{
    // Enough for the network's batches, and the first answers come soon.
    private const int PartSize = 256;

    private const string Formats = "PNG, JPEG, BMP, GIF, WebP, ICO";

    public static Argument<FileInfo[]> CreateArgument()
    {
        var files = new Argument<FileInfo[]>("file")
        {
            Description = $"Image files ({Formats}), or folders of them.",
            Arity = ArgumentArity.OneOrMore,
        };
        files.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
            {
                result.AddError("The name of an image file is empty.");
            }
        });
        return files;
    }

    /// <summary>The files that are named, and those of folders that are; a shell on Windows leaves *.png as it is.</summary>
    /// <exception cref="FileNotFoundException">One is not there, or a folder has none.</exception>
    public static FileInfo[] Find(FileInfo[] named, string command)
    {
        FileInfo[] files = [.. named.SelectMany(each => Directory.Exists(each.FullName) ? InFolder(each) : Matching(each))];
        foreach (var file in files)
        {
            InputFile.Require(file, $"{command} takes image files.");
        }

        return files;
    }

    private static FileInfo[] InFolder(FileInfo folder)
    {
        var search = new ImageSearch(folder.FullName);
        if (search.Images.Count == 0)
        {
            var rest = search.LeftOut.Length > 0 ? $", only {search.LeftOut}" : "";
            throw new FileNotFoundException($"The folder '{folder.FullName}' has no images ({Formats}){rest}.");
        }

        if (search.LeftOut.Length > 0)
        {
            SteadyWriter.Error().WriteLine(PlainText.OneLine($"'{folder.FullName}': left out: {search.LeftOut}"));
        }

        return
        [
            .. search.Images.Select(path => new FileInfo(Path.Combine(folder.ToString(), Path.GetRelativePath(folder.FullName, path)))),
        ];
    }

    private static FileInfo[] Matching(FileInfo named)
    {
        var isPattern = named.Name.AsSpan().ContainsAny('*', '?') && !named.Exists && named.Directory is { Exists: true };
        string[] found = isPattern
            ? [.. Directory.GetFiles(named.Directory!.FullName, named.Name).Where(path => !Path.GetFileName(path).StartsWith('.'))]
            : [];
        Array.Sort(found, StringComparer.Ordinal);
        var folder = Path.GetDirectoryName(named.ToString()) ?? "";
        return found.Length == 0 ? [named] : [.. found.Select(file => new FileInfo(Path.Combine(folder, Path.GetFileName(file))))];
    }

    /// <summary>
    /// What is found in each file. One that cannot be read costs no other its answer: it is said on standard error, and nothing is found
    /// in it.
    /// </summary>
    /// <param name="files">The files.</param>
    /// <param name="find">Finds it in some of them, in their order.</param>
    public static IEnumerable<(FileInfo File, T? Found)> InEach<T>(FileInfo[] files, Func<FileInfo[], IEnumerable<T>> find)
        where T : class
    {
        foreach (var part in files.Chunk(PartSize))
        {
            // What ended a part may be one file, which shows when each is read by itself.
            var found = TryFind(part, find, out _) ?? [.. part.Select(file => InOne(file, find))];
            foreach (var pair in part.Zip(found))
            {
                yield return pair;
            }
        }
    }

    private static T? InOne<T>(FileInfo file, Func<FileInfo[], IEnumerable<T>> find)
        where T : class
    {
        if (TryFind([file], find, out var error) is [var found])
        {
            return found;
        }

        SteadyWriter.Error().WriteLine(error);
        return null;
    }

    // Null where one of the files cannot be used; all else fails for good.
    private static T?[]? TryFind<T>(FileInfo[] files, Func<FileInfo[], IEnumerable<T>> find, out string error)
        where T : class
    {
        error = "";
        try
        {
            return [.. find(files)];
        }
        catch (Exception e) when (Exit.Unwrapped(e) is UnusableImageException or IOException or UnauthorizedAccessException)
        {
            error = Exit.Explain(e);
            return null;
        }
    }

    /// <summary>The files as a model scores them; each is read when its row is.</summary>
    public static IDataView Score(MLContext ml, SavedModel saved, FileInfo[] files)
    {
        var rows = files.Select(file => new ImageFile { ImagePath = file.ToString(), Bytes = File.ReadAllBytes(file.FullName) });
        return saved.Score(ml, ml.Data.LoadFromEnumerable(rows), nameof(ImageFile.Bytes));
    }

    private sealed class ImageFile
    {
        // By this name of the column, errors name the file.
        public string ImagePath { get; set; } = "";

        public byte[] Bytes { get; set; } = [];
    }
}
