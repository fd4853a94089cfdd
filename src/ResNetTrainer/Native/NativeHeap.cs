using System.Runtime.InteropServices;

namespace ResNetMLNet.Native;

/// <summary>
/// Keeps glibc from giving the memory of every large tensor back to the system and taking it again a moment later, which costs
/// up to half of a training step in page faults (docs/BENCHMARKS.md, "Large tensors"). Elsewhere than on glibc it does nothing.
/// </summary>
internal static class NativeHeap
{
    // From malloc.h.
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MapThreshold = -3;

    // Still larger tensors are mapped by themselves.
    private const int KeptMapThreshold = 1 << 30;

    // Threads other than the first of a process have their heap in pieces of this size, and what is larger is mapped by itself there.
    // With a pad of a piece's size, one that becomes empty is kept.
    private const int HeapPiece = 64 << 20;

    // glibc's own pad, and where its adjusting of thresholds ends; it stops adjusting once they have been set.
    private const int OwnTopPad = 128 << 10;
    private const int LargestOwnMapThreshold = 32 << 20;

    private static readonly Lock Gate = new();
    private static int _keepers;

    /// <summary>
    /// Freed memory stays with the process until what is returned, and every other like it, is disposed; then it goes back to the
    /// system.
    /// </summary>
    public static IDisposable Keep()
    {
        lock (Gate)
        {
            if (_keepers++ == 0)
            {
                Set(KeptMapThreshold, int.MaxValue, HeapPiece);
            }
        }

        return new OnDispose(Release);
    }

    /// <summary>Gives freed memory back to the system, where there is too little of it.</summary>
    public static void Trim() => TryCall(() => malloc_trim(0));

    private static void Release()
    {
        lock (Gate)
        {
            if (--_keepers == 0)
            {
                Set(LargestOwnMapThreshold, 2 * LargestOwnMapThreshold, OwnTopPad);
                Trim();
            }
        }
    }

    private static void Set(int mapThreshold, int trimThreshold, int topPad)
    {
        TryCall(() => mallopt(MapThreshold, mapThreshold));
        TryCall(() => mallopt(TrimThreshold, trimThreshold));
        TryCall(() => mallopt(TopPad, topPad));
    }

    private static void TryCall(Func<int> function)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

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
