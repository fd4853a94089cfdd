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
    public static FileType Of(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return OfLinux(path);
        }

        // Elsewhere by the size: a pipe or device has none. Windows keeps these out of its folders.
        var file = new FileInfo(path);
        return !file.Exists ? FileType.Missing : file.Length > 0 || OperatingSystem.IsWindows() ? FileType.Regular : FileType.Special;
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
