using System.Formats.Tar;

namespace ResNetMLNet.Sample.Files;

/// <summary>Tells files from pipes and devices, without opening them: that may wait for ever.</summary>
internal static class RegularFile
{
    // Links into it lead to what a process has open: /dev/stdout.
    private const string Processes = "/proc/";

    /// <summary>Whether a file may take the place of what is there, if anything is: of a file, or of a link to one.</summary>
    public static bool CanReplace(FileInfo file)
    {
        // Windows keeps devices out of its folders.
        if (OperatingSystem.IsWindows() || !file.Exists)
        {
            return true;
        }

        if (file.LinkTarget?.StartsWith(Processes, StringComparison.Ordinal) == true)
        {
            return false;
        }

        // Only files have a size.
        var target = new FileInfo((file.ResolveLinkTarget(returnFinalTarget: true) ?? file).FullName);
        return !target.Exists || target.Length > 0 || TypeOf(target) == TarEntryType.RegularFile;
    }

    // .NET tells the type of a file only to those who archive it.
    private static TarEntryType? TypeOf(FileInfo file)
    {
        using var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            writer.WriteEntry(file.FullName, "file");
        }

        archive.Position = 0;
        using var reader = new TarReader(archive);
        return reader.GetNextEntry()?.EntryType;
    }
}
