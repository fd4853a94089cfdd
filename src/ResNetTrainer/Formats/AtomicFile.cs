namespace ResNetMLNet.Formats;

/// <summary>Files that are either whole or not there.</summary>
internal static class AtomicFile
{
    /// <summary>How the names of unfinished files end.</summary>
    public const string Temporary = ".tmp";

    /// <summary>Writes to a temporary file beside the target, flushes it to the disk and renames it.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        var full = Path.GetFullPath(path);
        var temporary = $"{full}.{Guid.NewGuid():N}{Temporary}";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
