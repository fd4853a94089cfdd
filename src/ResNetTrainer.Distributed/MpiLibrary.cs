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
    private static readonly string[] _candidates = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib", "msmpi.dll"];

    public static void Resolve()
    {
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(MPI.Unsafe).Assembly, Find);
        }
        catch (InvalidOperationException)
        {
            // The application uses MPI.NET too, and has found its library by itself.
        }
    }

    private static nint Find(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Asked)
        {
            return 0;
        }

        foreach (var candidate in _candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out var library))
            {
                return library;
            }
        }

        throw new DllNotFoundException(
            $"No MPI library is installed: none of {string.Join(", ", _candidates)} is found. Install MPICH (Debian and Ubuntu: mpich), "
            + "Intel MPI, MVAPICH or Microsoft MPI.");
    }
}
