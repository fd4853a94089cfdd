using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace ResNetMLNet.Native;

/// <summary>
/// Keeps mended libraries as files, since the loader takes nothing else: one file per content, shared by all
/// processes of one user, in the first of the given folders that can hold it.
/// </summary>
/// <remarks>
/// What lies there is loaded as code, so nobody else may have had a hand in it: the folder and the file must be the
/// user's own, the folder closed to others, and the file is compared with what it has to be before every load.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class MendedLibraryCache(IReadOnlyList<string> folders)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    internal IReadOnlyList<string> Folders => folders;

    /// <summary>The user's cache folder, and one below the temporary folder where that cannot be written.</summary>
    internal static MendedLibraryCache ForCurrentUser()
    {
        var folders = new List<string>();

        // A relative path is to be ignored, says the XDG specification, as an empty one is.
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (Path.IsPathRooted(cache))
        {
            folders.Add(Path.Combine(cache, "ResNetMLNet"));
        }
        else if (home.Length > 0)
        {
            folders.Add(Path.Combine(home, ".cache", "ResNetMLNet"));
        }

        folders.Add(Path.Combine(Path.GetTempPath(), $"ResNetMLNet-{GetEffectiveUserId()}"));
        return new MendedLibraryCache(folders);
    }

    /// <summary>Loads <paramref name="content"/> from the first folder where that works.</summary>
    /// <exception cref="AggregateException">It works nowhere: why not, folder by folder.</exception>
    internal nint Load(string name, byte[] content)
    {
        var failures = new List<Exception>();
        foreach (var folder in folders)
        {
            try
            {
                return NativeLibrary.Load(Store(folder, name, content));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or DllNotFoundException)
            {
                // Loading may fail for the folder too: one that is mounted noexec can be written but not loaded from.
                failures.Add(e);
            }
        }

        throw new AggregateException(failures);
    }

    /// <summary>The path of a file in <paramref name="folder"/> that holds exactly <paramref name="content"/>.</summary>
    internal static string Store(string folder, string name, byte[] content)
    {
        Directory.CreateDirectory(folder, OwnerOnly);
        if (!IsOwn(folder, UnixFileType.Directory))
        {
            throw new IOException($"The folder '{folder}' belongs to another user, or is a link.");
        }

        File.SetUnixFileMode(folder, OwnerOnly);

        var path = Path.Combine(folder, $"{name}-{Convert.ToHexStringLower(SHA256.HashData(content))}.so");
        if (!Holds(path, content))
        {
            // Processes that start at once each write a file of their own; the renames replace equal by equal, and a
            // process that has the replaced file loaded keeps it.
            var temporary = $"{path}.{Path.GetRandomFileName()}";
            try
            {
                using (var file = new FileStream(temporary, new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }))
                {
                    file.Write(content);
                }

                File.Move(temporary, path, overwrite: true);
            }
            finally
            {
                File.Delete(temporary);
            }
        }

        return path;
    }

    private static bool Holds(string path, byte[] content) =>
        IsOwn(path, UnixFileType.Regular)
        && new FileInfo(path).Length == content.Length
        && File.ReadAllBytes(path).AsSpan().SequenceEqual(content);

    private static bool IsOwn(string path, UnixFileType type)
    {
        const int CurrentFolder = -100, DoNotFollowLinks = 0x100;
        const uint TypeAndOwner = 0x1 | 0x8;
        const int TypeBits = 0xf000;

        return GetStatus(CurrentFolder, Encoding.UTF8.GetBytes(path + '\0'), DoNotFollowLinks, TypeAndOwner, out var status) == 0
            && status.UserId == GetEffectiveUserId()
            && (status.Mode & TypeBits) == (int)type;
    }

    private enum UnixFileType
    {
        Directory = 0x4000,
        Regular = 0x8000,
    }

    // .NET tells a file's mode, but not its owner.
    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint GetEffectiveUserId();

    // statx rather than stat: its structure is the same on every architecture.
    [DllImport("libc", EntryPoint = "statx")]
    private static extern int GetStatus(int folder, byte[] path, int flags, uint mask, out Status status);

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(20)]
        internal uint UserId;

        [FieldOffset(28)]
        internal ushort Mode;
    }
}
