using System.Reflection;
using System.Runtime.InteropServices;

namespace ResNetMLNet.Distributed;

/// <summary>
/// The MPI of this machine. MPI.NET asks for Microsoft's; MPICH, Intel MPI and MVAPICH share its handles, so that the same calls serve
/// them all.
/// </summary>
internal static class MpiLibrary
{
    private const string Asked = "msmpi.dll";

    // The ABI that MPICH, Intel MPI and MVAPICH have agreed on has the number 12 (https://www.mpich.org/abi).
    private static readonly string[] _candidates =
        ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib", "/opt/homebrew/lib/libmpi.12.dylib", "msmpi.dll"];

    private static bool _isResolved;

    public static void Resolve()
    {
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(MPI.Unsafe).Assembly, Find);
            _isResolved = true;
        }
        catch (InvalidOperationException)
        {
            // The application uses MPI.NET too, and has found its library by itself.
        }
    }

    /// <summary>
    /// Whether it takes addresses in the memory of NVIDIA's GPUs ("CUDA-aware"), as MPICH (the first question) and MVAPICH (the second)
    /// say. No where the application has found its MPI by itself, since nobody knows which that is.
    /// </summary>
    public static unsafe bool ReachesGpus()
    {
        const int Cuda = 0;
        if (!_isResolved || !TryLoad(out var library))
        {
            return false;
        }

        if (NativeLibrary.TryGetExport(library, "MPIX_GPU_query_support", out var query))
        {
            var isSupported = 0;
            return ((delegate* unmanaged<int, int*, int>)query)(Cuda, &isSupported) == 0 && isSupported != 0;
        }

        return NativeLibrary.TryGetExport(library, "MPIX_Query_cuda_support", out query) && ((delegate* unmanaged<int>)query)() == 1;
    }

    private static nint Find(string name, Assembly assembly, DllImportSearchPath? path) =>
        name != Asked ? 0
        : TryLoad(out var library) ? library
        : throw new DllNotFoundException(
            $"No MPI library is installed: none of {string.Join(", ", _candidates)} is found. Install MPICH (Debian and Ubuntu: mpich), "
            + "Intel MPI or MVAPICH, on macOS MPICH (brew install mpich), on Windows Microsoft MPI.");

    private static bool TryLoad(out nint library)
    {
        foreach (var candidate in _candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out library))
            {
                return true;
            }
        }

        library = 0;
        return false;
    }
}
