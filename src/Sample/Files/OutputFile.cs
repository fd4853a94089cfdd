namespace ResNetMLNet.Sample.Files;

/// <summary>
/// Files that are either whole or not there: written beside their place, under a name of their own, and then renamed. Who writes one holds
/// it open and locked, so one that nobody holds was left behind by a process that is gone.
/// </summary>
internal static class OutputFile
{
    private const string Extension = ".tmp";

    /// <summary>Writes a file; ML.NET's own Save(path) would open it before it knows whether the model can be saved.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        var temporary = TemporaryName(path);
        try
        {
            using (var stream = Create(temporary))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>A name beside the file, which nobody else has.</summary>
    public static string TemporaryName(string path) => $"{path}.{Guid.NewGuid():N}{Extension}";

    /// <summary>Creates a temporary file and holds it.</summary>
    public static FileStream Create(string temporary) => new(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Removes the temporary files of files in a folder that nobody writes any more.</summary>
    /// <param name="folder">The folder, which is listed once.</param>
    /// <param name="names">The names of the files.</param>
    public static void RemoveAbandoned(string folder, params IEnumerable<string> names)
    {
        var own = names.ToHashSet();
        var files = Directory.EnumerateFiles(folder, $"*{Extension}");
        foreach (var file in files.Where(file => Target(file) is { } name && own.Contains(name)))
        {
            try
            {
                new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is being written, or somebody else's.
            }
        }
    }

    // The name of what a temporary file was to become; null for other files.
    private static string? Target(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        return Guid.TryParseExact(Path.GetExtension(name).TrimStart('.'), "N", out _) ? Path.GetFileNameWithoutExtension(name) : null;
    }
}
