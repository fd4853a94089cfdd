using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ResNetMLNet.Native;

/// <summary>Loads a library that exists in memory only.</summary>
/// <remarks>
/// The loader takes nothing but files. A file on disk that is loaded as code is one that nobody else may have a hand in, along
/// the whole way to it; a file in memory (Linux's memfd) has no such way, needs no folder that can be written and loaded from,
/// and ends with the process.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static class MemoryLibrary
{
    private const uint CloseOnExec = 1;

    /// <summary>Loads <paramref name="content"/>; other libraries find it by the name that it gives itself (its SONAME).</summary>
    /// <exception cref="IOException">There is no such file to be had, or no memory for it.</exception>
    /// <exception cref="DllNotFoundException">The system's loader refuses it.</exception>
    public static nint Load(string name, ReadOnlySpan<byte> content)
    {
        var descriptor = CreateMemoryFile(name, CloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException($"memfd_create: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        // It stays open while the process lives: the loader knows the library by this path, and would take for it whatever
        // else came to stand there.
        var file = new SafeFileHandle(descriptor, ownsHandle: false);
        RandomAccess.Write(file, content, fileOffset: 0);
        return NativeLibrary.Load($"/proc/self/fd/{descriptor}");
    }

    [DllImport("libc", EntryPoint = "memfd_create", SetLastError = true)]
    private static extern int CreateMemoryFile([MarshalAs(UnmanagedType.LPUTF8Str)] string name, uint flags);
}
