namespace ResNetMLNet.Sample.Files;

/// <summary>A folder that files can be written into, which is found out before hours are spent on what shall go there.</summary>
internal static class UsableFolder
{
    /// <summary>Makes the folder where it does not exist, and tries it.</summary>
    /// <exception cref="IOException">It cannot be used; the message names it, its option and the reason.</exception>
    public static void Open(string folder, string option)
    {
        try
        {
            Directory.CreateDirectory(folder);
            const string Trial = "trial";
            OutputFile.RemoveAbandoned(folder, Trial);
            var temporary = OutputFile.TemporaryName(Path.Combine(folder, Trial));
            using var stream = new FileStream(
                temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            stream.WriteByte(0);
            stream.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"The folder '{folder}' of {option} cannot be written to: {Reason(folder, e)} Choose another {option}.", e);
        }
    }

    private static string Reason(string folder, Exception e)
    {
        for (string? part = folder; part is not null; part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part))
            {
                return $"'{part}' is a file.";
            }
        }

        return e.Message;
    }
}
