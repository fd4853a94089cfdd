using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Runtime.Versioning;
using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>Gets TorchSharp's native library into the process before TorchSharp looks for it.</summary>
internal static class TorchRuntime
{
    private const string TorchSharpLibrary = "LibTorchSharp";
    private static readonly string[] _supportedPlatforms = ["linux-x64", "win-x64", "win-arm64", "osx-arm64"];

    private static readonly Lock _gate = new();
    private static volatile bool _loaded;

    /// <summary>Whether the application's libtorch is one for GPUs. Where libtorch is loaded already, it is for it to say.</summary>
    internal static bool HasCuda => _loaded || NativeFiles.Find("torch_cuda") is not null;

    /// <summary>To be called before the first use of TorchSharp; costs nothing from the second call on.</summary>
    /// <exception cref="DllNotFoundException">The native library cannot be loaded; the message says what to do.</exception>
    internal static void EnsureLoaded()
    {
        if (_loaded)
        {
            return;
        }

        lock (_gate)
        {
            if (!_loaded)
            {
                Load();
                _loaded = true;
            }
        }
    }

    // TorchSharp, when its own attempt fails, copies packages about, prints to standard output, names the wrong cause
    // and cannot be used again in the process. So what can fail happens here, by the calls that TorchSharp makes too.
    private static void Load()
    {
        if (OperatingSystem.IsMacOS())
        {
            // The package's libtorch asks for the OpenMP of Homebrew by its path. The copy beside it bears that path as its name, by
            // which the system's loader finds what is loaded.
            TryLoad("omp");
        }

        var libtorchLoaded = TryLoad(TorchLibrary);
        if (TryLoad(TorchSharpLibrary))
        {
            return;
        }

        // On macOS torch_cpu does not load by itself, wherever it is: LibTorchSharp says where the rest lies.
        if (!libtorchLoaded && !(OperatingSystem.IsMacOS() && NativeFiles.Find(TorchLibrary) is not null))
        {
            throw Explain(TorchLibrary);
        }

        if (!OperatingSystem.IsLinux() || NativeFiles.Find(TorchSharpLibrary) is not { } file)
        {
            throw Explain(TorchSharpLibrary);
        }

        LoadMended(file);
    }

    // The loader looks for a library's dependencies beside it, unless they are loaded already: so libtorch comes
    // first, wherever it is. On Linux by the name under which LibTorchSharp asks for it; it brings torch_cpu and, in
    // the CUDA packages, torch_cuda. Elsewhere as TorchSharp does it, which has an order of its own for CUDA's DLLs.
    private static string TorchLibrary => OperatingSystem.IsLinux() ? "torch" : "torch_cpu";

    [SupportedOSPlatform("linux")]
    private static void LoadMended(string file)
    {
        try
        {
            MemoryLibrary.Load(TorchSharpLibrary, ElfMender.Mend(File.ReadAllBytes(file)));
        }
        catch (InvalidDataException e)
        {
            throw Unmendable(file, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DllNotFoundException or OutOfMemoryException)
        {
            throw Unloadable(file, e);
        }

        // The mended copy bears the original's name (its SONAME), and the system's loader answers a bare name with
        // the library of that name that is loaded. .NET tries the bare name last, so now it finds the copy, here and
        // in TorchSharp, and remembers it.
        if (!TryLoad(TorchSharpLibrary))
        {
            throw UnknownToContext();
        }
    }

    private static Assembly TorchSharpAssembly => typeof(torch).Assembly;

    private static bool TryLoad(string name)
    {
        try
        {
            return NativeLibrary.TryLoad(name, TorchSharpAssembly, null, out _);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            // TryLoad itself does not throw, but a load context of the host's may.
            return false;
        }
    }

    /// <summary>Finds out why <paramref name="library"/> could not be loaded by its name.</summary>
    private static DllNotFoundException Explain(string library)
    {
        if (!_supportedPlatforms.Contains(NativeFiles.Platform))
        {
            return Unsupported(NativeFiles.Platform);
        }

        if (NativeFiles.Find(library) is not { } file)
        {
            return Missing(NativeFiles.FileName(library));
        }

        try
        {
            NativeLibrary.Load(file);
            return UnknownToContext();
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return Unloadable(file, e);
        }
    }

    private static DllNotFoundException UnknownToContext() => new(
        "TorchSharp's native library is there and can be loaded, but not by TorchSharp, which is in the load context "
        + $"{AssemblyLoadContext.GetLoadContext(TorchSharpAssembly)}. LoadUnmanagedDll of that context must find the library and, "
        + "where it cannot load it, return 0 rather than throw; or let the default context load TorchSharp.");

    internal static DllNotFoundException Unsupported(string platform) => new(
        $"There is no libtorch for {platform}: TorchSharp's packages serve linux-x64 (with glibc, not musl), win-x64, "
        + "win-arm64 (CPU) and osx-arm64 (CPU). Run the application as a process of one of these. To score on the CPU, "
        + $"Microsoft.ML.OnnxRuntime, {OnnxRuntimeLibrary.LeastVersion} or newer, is enough, also where there is no libtorch "
        + $"(linux-arm64). {OnnxRuntimeLibrary.Problem}".TrimEnd());

    internal static DllNotFoundException Missing(string fileName) => new(
        $"The native library {fileName} is not among the application's files. {Packages}");

    private static string Packages => (
        "Reference one of the packages TorchSharp-cpu, TorchSharp-cuda-windows and TorchSharp-cuda-linux, in the version of TorchSharp "
        + "(on Windows for ARM libtorch-cpu-win-arm64 2.10.0, which TorchSharp-cpu does not bring), "
        + $"and if the application is built for one platform, for {NativeFiles.Platform}. To score on the CPU, Microsoft.ML.OnnxRuntime, "
        + $"{OnnxRuntimeLibrary.LeastVersion} or newer, is enough. {OnnxRuntimeLibrary.Problem}").TrimEnd();

    internal static DllNotFoundException Unloadable(string file, Exception cause)
    {
        var reason = LoaderErrors.Reason(cause);
        var remedy = LoaderErrors.IsMemory(cause) ? LoaderErrors.MemoryRemedy : Remedy(reason);
        return new DllNotFoundException($"The native library '{file}' cannot be loaded. {remedy} The system says: {reason}", cause);
    }

    private static string Remedy(string reason) => reason switch
    {
        _ when reason.Contains("undefined symbol") =>
            "It does not belong to the libtorch that is loaded, which may be another one that is installed on this system. "
            + $"The application must bring its own. {Packages}",
        _ when reason.Contains("libomp") => "It needs an OpenMP library, which Homebrew has: brew install libomp.",
        _ when reason.Contains("GLIBC") =>
            "This Linux is too old: glibc 2.34 and the libstdc++ of GCC 12 (GLIBCXX_3.4.30) are the least, as in Debian 12 and "
            + "Ubuntu 22.04.",
        _ => "The file is damaged or something it needs is missing: restore and build again from a clean output folder"
            + (OperatingSystem.IsWindows() ? ", and install the current Microsoft Visual C++ Redistributable." : "."),
    };

    internal static DllNotFoundException Unmendable(string file, InvalidDataException cause) => new(
        $"The native library '{file}' cannot be loaded, and not be adapted to an older libstdc++ either: {cause.Message} "
        + "Restore and build again from a clean output folder; if that does not help, this version of TorchSharp needs a "
        + "newer Linux (Debian 13, Ubuntu 24.04).", cause);
}
