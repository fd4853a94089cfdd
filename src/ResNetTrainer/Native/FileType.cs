using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Text;

namespace ResNetMLNet.Native;

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
    public static FileType Of(string path) => OperatingSystem.IsLinux() ? OfLinux(path) : OfOther(path);

    /// <summary>Without a call of the system, which is another one on each: pipes and devices have no size, nor have empty files.</summary>
    internal static FileType OfOther(string path)
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

    private static FileType OfLinux(string path)
    {
        const int CurrentFolder = -100, FollowLinks = 0;
        const uint Type = 0x1;
        const int TypeBits = 0xf000, Regular = 0x8000;

        return GetStatus(CurrentFolder, Encoding.UTF8.GetBytes(path + '\0'), FollowLinks, Type, out var status) != 0
            ? FileType.Missing
            : (status.Mode & TypeBits) == Regular ? FileType.Regular : FileType.Special;
    }

    // statx rather than stat: its structure is the same on every architecture.
    [DllImport("libc", EntryPoint = "statx")]
    private static extern int GetStatus(int folder, byte[] path, int flags, uint mask, out Status status);

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(28)]
        internal ushort Mode;
    }
}
