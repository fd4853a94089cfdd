namespace ResNetMLNet.Sample.Commands;

/// <summary>A name for the heat map of each image.</summary>
internal static class HeatMapNames
{
    public const string Extension = ".heatmap.png";

    // With a number, the extension and a temporary file's, a name has at most 255 bytes.
    private const int MostLetters = 48;

    /// <summary>
    /// By the names of the images, and a number where two are the same; always the same for the same images, so that a second run
    /// replaces what the first has written. None is that of an image.
    /// </summary>
    /// <param name="images">The images.</param>
    /// <param name="folder">Where heat maps go.</param>
    public static string[] Of(IReadOnlyList<FileInfo> images, string folder)
    {
        var taken = images.Select(image => image.FullName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. images.Select(image => Candidates(image).First(name => taken.Add(Path.GetFullPath(Path.Combine(folder, name)))))];
    }

    private static IEnumerable<string> Candidates(FileInfo image)
    {
        var name = Path.GetFileNameWithoutExtension(image.Name);
        name = name.Length == 0 ? "image" : string.Concat(name.EnumerateRunes().Take(MostLetters));
        yield return name + Extension;
        for (var number = 2; ; number++)
        {
            yield return $"{name}-{number}{Extension}";
        }
    }
}
