using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>Where the native libraries of an application lie, and what they are called on this system.</summary>
internal static class NativeFiles
{
    /// <summary>The file of a library: where .NET and the system's loader look, and in a package folder beside the assembly.</summary>
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "An empty location is left out.")]
    public static string? Find(string library)
    {
        string[] roots = [Path.GetDirectoryName(typeof(torch).Assembly.Location) ?? "", AppContext.BaseDirectory];
        var native = Path.Combine("runtimes", Platform, "native");
        var searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";

        return roots.Where(root => root.Length > 0)
            .SelectMany(root => (string[])[root, Path.Combine(root, native), Path.Combine(root, "..", "..", native)])
            .Concat(searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            .Concat(LibraryPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            .Select(folder => Path.Combine(folder, FileName(library)))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>The file of a library.</summary>
    public static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll" :
        OperatingSystem.IsMacOS() ? $"lib{library}.dylib" :
        $"lib{library}.so";

    /// <summary>This system and processor, as packages name them.</summary>
    public static string Platform
    {
        get
        {
            var system =
                OperatingSystem.IsWindows() ? "win" :
                OperatingSystem.IsMacOS() ? "osx" :
                !OperatingSystem.IsLinux() ? "other" :
                RuntimeInformation.RuntimeIdentifier.Contains("musl") ? "linux-musl" :
                RuntimeInformation.RuntimeIdentifier.Contains("alpine") ? "linux-musl" :
                "linux";
            return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }

    private static string LibraryPath => Environment.GetEnvironmentVariable(
        OperatingSystem.IsWindows() ? "PATH" :
        OperatingSystem.IsMacOS() ? "DYLD_LIBRARY_PATH" :
        "LD_LIBRARY_PATH") ?? "";
}
