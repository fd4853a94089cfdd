using System.Formats.Tar;

namespace ResNetMLNet.Data.Loading;

/// <summary>What a path leads to, links followed.</summary>
internal enum FileType
{
    /// <summary>Nothing, or nothing that may be looked at.</summary>
    Missing,

    /// <summary>A file with content.</summary>
    Regular,

    /// <summary>A pipe, a socket or a device: opening one may wait for ever, reading one may never end.</summary>
    Special,
}

/// <summary>Tells files from pipes and devices without opening them, which .NET cannot.</summary>
internal static class FileTypes
{
    /// <summary>What a path leads to. Pipes and devices are told by their size, which they have not, nor have empty files.</summary>
    public static FileType Of(string path)
    {
        FileInfo file;
        try
        {
            var link = new FileInfo(path);
            file = new((link.ResolveLinkTarget(returnFinalTarget: true) ?? link).FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A circle of links, or one in a folder that may not be looked at.
            return FileType.Missing;
        }

        return !file.Exists ? FileType.Missing

            // Windows keeps pipes and devices out of its folders.
            : file.Length > 0 || OperatingSystem.IsWindows() || IsArchived(file) ? FileType.Regular : FileType.Special;
    }

    // .NET tells the type of a file only to those who archive it.
    private static bool IsArchived(FileInfo file)
    {
        using var archive = new MemoryStream();
        try
        {
            using var writer = new TarWriter(archive, leaveOpen: true);
            writer.WriteEntry(file.FullName, "file");
        }
        catch (UnauthorizedAccessException)
        {
            // Who reads it will say so.
            return true;
        }
        catch (IOException)
        {
            // Sockets.
            return false;
        }

        archive.Position = 0;
        using var reader = new TarReader(archive);
        return reader.GetNextEntry()?.EntryType == TarEntryType.RegularFile;
    }
}
