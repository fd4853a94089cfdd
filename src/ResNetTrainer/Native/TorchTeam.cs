using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>
/// The threads that libtorch computes with, lent to a loop of .NET. Threads of .NET's own would have to share the processors with them:
/// they spin for milliseconds after each of libtorch's loops, waiting for the next.
/// </summary>
/// <remarks>On Linux, where libtorch's OpenMP is GCC's.</remarks>
internal static class TorchTeam
{
    // Kept alive for as long as OpenMP may call it.
    private static readonly Entry _entry = Enter;
    private static readonly Lazy<Parallel?> _parallel = new(Find);

    // void GOMP_parallel (void (*fn) (void *), void *data, unsigned num_threads, unsigned flags)
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void Parallel(Entry entry, nint work, uint threads, uint flags);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void Entry(nint work);

    /// <summary>Whether there is a team to lend, or none is needed.</summary>
    public static bool IsAvailable => torch.get_num_threads() == 1 || _parallel.Value is not null;

    /// <summary>
    /// Runs all parts, each on some thread of the team that belongs to the calling thread. However few there are, the whole team is called:
    /// OpenMP ends the threads that a smaller one leaves over, and starts them again for the next loop of libtorch's.
    /// </summary>
    /// <param name="parts">How many there are.</param>
    /// <param name="run">Runs one, by its number.</param>
    public static void Run(int parts, Action<int> run)
    {
        var threads = torch.get_num_threads();
        if (parts <= 1 || threads == 1 || _parallel.Value is not { } parallel)
        {
            RunAlone(parts, run);
            return;
        }

        var work = new Work(parts, run);
        var handle = GCHandle.Alloc(work);
        try
        {
            parallel(_entry, GCHandle.ToIntPtr(handle), (uint)threads, 0);
        }
        finally
        {
            handle.Free();
        }

        work.Failure?.Throw();
    }

    /// <summary>The same on the calling thread alone.</summary>
    public static void RunAlone(int parts, Action<int> run)
    {
        for (var part = 0; part < parts; part++)
        {
            run(part);
        }
    }

    private static void Enter(nint work) => ((Work)GCHandle.FromIntPtr(work).Target!).Run();

    // libtorch's own, not another that a program has loaded: looked up by way of the library that uses it.
    private static Parallel? Find() =>
        OperatingSystem.IsLinux()
        && NativeLibrary.TryLoad("torch_cpu", typeof(torch).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, "GOMP_parallel", out var address)
            ? Marshal.GetDelegateForFunctionPointer<Parallel>(address)
            : null;

    private sealed class Work(int parts, Action<int> run)
    {
        private int _taken = -1;

        /// <summary>What went wrong first: nothing may be thrown through native code.</summary>
        public ExceptionDispatchInfo? Failure { get; private set; }

        public void Run()
        {
            try
            {
                while (Interlocked.Increment(ref _taken) is var part && part < parts)
                {
                    run(part);
                }
            }
            catch (Exception e)
            {
                Failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }
    }
}
