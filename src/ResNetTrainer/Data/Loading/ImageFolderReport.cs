using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Loading;

/// <summary>Says what was found in a folder of images, what was left out, and what looks like a mistake.</summary>
internal static class ImageFolderReport
{
    private const int Most = 20;

    // What parts of a data set are usually called.
    private static readonly HashSet<string> _parts = new(StringComparer.OrdinalIgnoreCase)
    {
        "train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "holdout",
    };

    /// <param name="channel">Where to.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="isGiven">Whether the classes were given: then some may have no images here.</param>
    public static void Write(IChannel channel, ImageFolder folder, bool isGiven)
    {
        var counts = folder.Folders.ToDictionary(each => each.Name, each => each.Images.Count);
        var classes = folder.Names.Select(name => $"{name} {counts.GetValueOrDefault(LabelNames.Normal(name))}");
        channel.Log($"'{folder}': {folder.Files.Count} images of {folder.Names.Count} classes: {Listed(classes)}");
        if (folder.LeftOut.ToString() is { Length: > 0 } leftOut)
        {
            channel.Log($"'{folder}': left out: {leftOut}");
        }

        foreach (var warning in Warnings(folder, isGiven))
        {
            channel.Warn($"The folder '{folder}': {warning}");
        }
    }

    public static string Quoted(IEnumerable<string> names) => Listed(names.Select(name => $"'{name}'"));

    private static string Listed(IEnumerable<string> texts)
    {
        var all = texts.ToArray();
        return string.Join(", ", all.Take(Most)) + (all.Length > Most ? $" and {all.Length - Most} more" : "");
    }

    private static IEnumerable<string> Warnings(ImageFolder folder, bool isGiven)
    {
        var empty = folder.Folders.Where(each => each.Images.Count == 0).Select(each => each.Name).ToArray();
        if (empty.Length > 0 && !isGiven)
        {
            yield return $"there are no images in {Quoted(empty)}: a class that never occurs. Remove the sub-folder, or put images "
                + "into it.";
        }

        if (folder.Unknown.Count > 0)
        {
            yield return $"{Quoted(folder.Unknown)} are none of the classNames; their images are left out.";
        }

        foreach (var alike in folder.Names.Concat(folder.Unknown).GroupBy(name => LabelNames.Normal(name).Trim().ToUpperInvariant()))
        {
            if (alike.Count() > 1)
            {
                yield return $"{string.Join(" and ", alike.Select(name => $"'{name}'"))} look alike, but are different classes.";
            }
        }

        if (folder.LeftOut.OtherFormats is { Length: > 0 } others)
        {
            yield return $"left out, since their format is not read: {others}. Convert them to PNG or JPEG.";
        }

        if (folder.Strays.Count > 0)
        {
            yield return $"{folder.Strays.Count} images ({Listed(folder.Strays.Take(3))}) lie in no sub-folder and so have no "
                + "class; they are left out.";
        }

        foreach (var link in folder.DeadLinks)
        {
            yield return $"'{link.Name}' is a link to '{link.LinkTarget}', which does not exist. If it is a class, it is missing.";
        }

        if (Splits(folder) is { } splits)
        {
            yield return $"{splits} have sub-folders of the same names. Are they parts of a data set rather than classes? Then load each "
                + "of them by itself.";
        }
    }

    // train/cat, train/dog, test/cat, test/dog: the classes are one storey below. Those that are called so may lack a class or two.
    private static string? Splits(ImageFolder folder)
    {
        const int MostParts = 4;
        var areCalledSo = folder.Folders.All(each => _parts.Contains(each.Name));
        if (folder.Folders.Count < 2 || (folder.Folders.Count > MostParts && !areCalledSo))
        {
            return null;
        }

        var below = folder.Folders.Select(SubFolders).ToArray();
        var common = below.Aggregate((one, other) => [.. one.Intersect(other)]);
        var areSame = below.All(each => each.Count == common.Count && !each.Contains(""));
        return (areSame && common.Count > 1) || (areCalledSo && common.Any(name => name.Length > 0))
            ? string.Join(" and ", folder.Folders.Select(each => $"'{each.Name}'"))
            : null;
    }

    // Among them "" where images lie in the folder itself.
    private static HashSet<string> SubFolders(ClassFolder folder) =>
    [
        .. folder.Images
            .Select(image => Path.GetRelativePath(folder.Folder.FullName, image))
            .Select(image => image.IndexOf(Path.DirectorySeparatorChar, StringComparison.Ordinal) is > 0 and var end ? image[..end] : ""),
    ];
}
