namespace ResNetMLNet.Data.Loading;

/// <summary>The one path of a folder that has no links in it.</summary>
internal static class RealPath
{
    // As many as Linux follows.
    private const int MostLinks = 40;

    /// <summary>Compares real paths as the system does.</summary>
    public static StringComparer Comparer { get; } = OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    public static string Of(string folder) => Of(folder, links: 0);

    /// <summary>Whether a link leads to a folder. On Windows one that leads nowhere, or in a circle, is a folder like any other.</summary>
    public static bool Leads(DirectoryInfo folder)
    {
        try
        {
            return folder.LinkTarget is null || folder.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Of(string folder, int links)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Path.GetDirectoryName(path) is not { } parent)
        {
            return path;
        }

        var real = Path.Combine(Of(parent, links), Path.GetFileName(path));
        return links < MostLinks && Target(real) is { } target ? Of(target, links + 1) : real;
    }

    // What may not be looked at is taken for no link: it is none of the folder's own, but one that the folder lies in.
    private static string? Target(string folder)
    {
        try
        {
            return Directory.ResolveLinkTarget(folder, returnFinalTarget: false)?.FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
