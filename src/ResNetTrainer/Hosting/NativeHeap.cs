using System.Runtime.InteropServices;

namespace ResNetMLNet.Hosting;

/// <summary>
/// Keeps glibc from giving the memory of every large tensor back to the system and taking it again a moment later, which costs
/// about a tenth of a training step in page faults. Elsewhere than on glibc it does nothing.
/// </summary>
internal static class NativeHeap
{
    // From malloc.h.
    private const int TrimThreshold = -1;
    private const int MapThreshold = -3;

    /// <summary>From now on, freed memory stays with the process until <see cref="Trim"/>.</summary>
    public static void Keep()
    {
        if (OperatingSystem.IsLinux())
        {
            TryCall(() => mallopt(MapThreshold, 1 << 30));
            TryCall(() => mallopt(TrimThreshold, int.MaxValue));
        }
    }

    /// <summary>Gives free memory back to the system.</summary>
    public static void Trim()
    {
        if (OperatingSystem.IsLinux())
        {
            TryCall(() => malloc_trim(0));
        }
    }

    private static void TryCall(Func<int> function)
    {
        try
        {
            function();
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library.
        }
    }

#pragma warning disable SYSLIB1054, IDE1006 // The names are C's; generated marshalling would need unsafe code for two ints.
    [DllImport("libc")]
    private static extern int mallopt(int parameter, int value);

    [DllImport("libc")]
    private static extern int malloc_trim(nuint pad);
#pragma warning restore SYSLIB1054, IDE1006
}
