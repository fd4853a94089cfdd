using System.Security.Cryptography;
using Microsoft.ML;

namespace ResNetMLNet.Sample.Images;

/// <summary>Files with the same content: of two classes, or trained on and tested.</summary>
internal static class DuplicateImages
{
    /// <summary>What is wrong with a folder's images that are there twice, a line each; none where nothing is.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="images">The images to train on and to test on, with their paths.</param>
    /// <param name="cancellation">Ends it.</param>
    public static IEnumerable<string> Problems(MLContext ml, ImageSets images, CancellationToken cancellation)
    {
        var (train, test) = (Files(ml, images.Train, isTested: false), Files(ml, images.Test, isTested: true));
        var same = Same([.. train, .. test], cancellation);
        var mislabelled = same.Where(files => files.DistinctBy(file => file.Class).Count() > 1).ToArray();
        if (mislabelled.Length > 0)
        {
            yield return $"the same image is in two classes: {Shown(mislabelled)}; one of the labels is wrong: delete that file";
        }

        var leaking = same.Except(mislabelled).Where(files => files.DistinctBy(file => file.IsTested).Count() > 1).ToArray();
        if (leaking.Length > 0)
        {
            yield return $"the same image is trained on and tested, which makes the test accuracy too good: {Shown(leaking)}; delete one "
                + "of them";
        }
    }

    private static IEnumerable<ImageFile> Files(MLContext ml, IDataView images, bool isTested)
    {
        var names = images.ClassNames();
        return FolderImage.Of(ml, images).Select(image => new ImageFile(image.ImagePath, names[(int)image.Label - 1], isTested));
    }

    private static ImageFile[][] Same(IEnumerable<ImageFile> files, CancellationToken cancellation)
    {
        // Only what is like another file by its length, and then in its middle, is read as a whole.
        var alike = Groups(Groups(files, Length).SelectMany(same => same), Middle);
        return
        [
            .. Groups(alike.SelectMany(same => same), Content)
                .Select(same => same.OrderBy(file => file.Path, StringComparer.Ordinal).ToArray())
                .OrderBy(same => same[0].Path, StringComparer.Ordinal),
        ];

        IEnumerable<IEnumerable<ImageFile>> Groups(IEnumerable<ImageFile> among, Func<string, string> key) =>
            among.GroupBy(file => KeyOf(file.Path, key, cancellation)).Where(same => same.Key is not null && same.Count() > 1);
    }

    // Of what a link leads to, which FileInfo does not say.
    private static string Length(string path)
    {
        using var file = File.OpenHandle(path);
        return $"{RandomAccess.GetLength(file)}";
    }

    private static string Middle(string path)
    {
        using var file = File.OpenHandle(path);
        var part = new byte[4096];
        var length = RandomAccess.Read(file, part, RandomAccess.GetLength(file) / 2);
        return Convert.ToHexString(SHA256.HashData(part.AsSpan(0, length)));
    }

    private static string Content(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexString(SHA256.HashData(file));
    }

    // Null for a file that cannot be read, which is named where it is trained on.
    private static string? KeyOf(string path, Func<string, string> key, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            return key(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Shown(ImageFile[][] same) =>
        PlainText.OneLine(PlainText.List([.. same.Select(files => string.Join("' and '", files.Select(file => file.Path)))]));

    private sealed record ImageFile(string Path, string Class, bool IsTested);
}
