namespace ResNetMLNet.Data.Loading;

/// <summary>The one path of a folder that has no links in it.</summary>
internal static class RealPath
{
    /// <summary>Compares real paths as the system does.</summary>
    public static StringComparer Comparer { get; } = OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    public static string Of(string folder)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Path.GetDirectoryName(path) is not { } parent)
        {
            return path;
        }

        var real = Path.Combine(Of(parent), Path.GetFileName(path));
        return Directory.ResolveLinkTarget(real, returnFinalTarget: false) is { } target ? Of(target.FullName) : real;
    }
}
