using System.Runtime.InteropServices;
using MPI;

namespace ResNetMLNet.Distributed;

/// <summary>All processes that mpirun started.</summary>
internal sealed class MpiCommunicator : ICommunicator
{
    // MPI calls are made by one thread at a time, but not always by the same one.
    private const int Serialized = 2;
    private const int InPlace = -1;

    // A megabyte, which stays in a processor's cache: between processes of one machine nearly twice as fast as all at once (of a GPU's
    // memory, not measured).
    private const int Piece = 1 << 18;

    private static readonly TimeSpan _passingOn = TimeSpan.FromSeconds(1);
    private static readonly Lazy<MpiCommunicator> _world = new(() => new());
    private readonly Lazy<bool> _reachesGpus = new(MpiLibrary.ReachesGpus);

    private unsafe MpiCommunicator()
    {
        MpiLibrary.Resolve();
        Check(Unsafe.MPI_Initialized(out var initialized));
        if (initialized == 0)
        {
            var count = 0;
            byte** arguments = null;
            Check(Unsafe.MPI_Init_thread(ref count, ref arguments, Serialized, out _));

            // The end of the process; one that fails goes without, which mpirun takes for what it is.
            AppDomain.CurrentDomain.ProcessExit += (_, _) => _ = Unsafe.MPI_Finalize();
        }

        Check(Unsafe.MPI_Comm_rank(Unsafe.MPI_COMM_WORLD, out var rank));
        Check(Unsafe.MPI_Comm_size(Unsafe.MPI_COMM_WORLD, out var size));
        (Rank, Size) = (rank, size);
    }

    /// <summary>The one of this process. MPI begins with it, and ends with the process.</summary>
    public static MpiCommunicator World => _world.Value;

    public int Rank { get; }

    public int Size { get; }

    public bool ReachesGpus => _reachesGpus.Value;

    public void AllReduce(nint address, long count)
    {
        for (var at = 0L; at < count; at += Piece)
        {
            var start = address + (nint)(at * sizeof(float));
            var length = (int)Math.Min(Piece, count - at);
            Check(Unsafe.MPI_Allreduce(InPlace, start, length, Unsafe.MPI_FLOAT, Unsafe.MPI_SUM, Unsafe.MPI_COMM_WORLD));
        }
    }

    public unsafe void AllReduce(Span<double> values)
    {
        fixed (double* start = values)
        {
            Check(Unsafe.MPI_Allreduce(InPlace, (nint)start, values.Length, Unsafe.MPI_DOUBLE, Unsafe.MPI_SUM, Unsafe.MPI_COMM_WORLD));
        }
    }

    public unsafe void Broadcast(Span<byte> bytes, int root)
    {
        fixed (byte* start = bytes)
        {
            Check(Unsafe.MPI_Bcast((nint)start, bytes.Length, Unsafe.MPI_BYTE, root, Unsafe.MPI_COMM_WORLD));
        }
    }

    public unsafe void AllToAll(ReadOnlySpan<byte> sent, Span<byte> received)
    {
        fixed (byte* from = sent, to = received)
        {
            var count = sent.Length / Size;
            Check(Unsafe.MPI_Alltoall((nint)from, count, Unsafe.MPI_BYTE, (nint)to, count, Unsafe.MPI_BYTE, Unsafe.MPI_COMM_WORLD));
        }
    }

    public unsafe void AllGather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        fixed (byte* from = own, to = all)
        {
            Check(Unsafe.MPI_Allgather(
                (nint)from, own.Length, Unsafe.MPI_BYTE, (nint)to, own.Length, Unsafe.MPI_BYTE, Unsafe.MPI_COMM_WORLD));
        }
    }

    public void Abort()
    {
        // Launchers (MPICH's Hydra is one) end at once when they hear of it, and drop what they have not yet passed on of the
        // processes' output: the reason would be lost now and then.
        Thread.Sleep(_passingOn);
        _ = Unsafe.MPI_Abort(Unsafe.MPI_COMM_WORLD, 1);
    }

    // MPI's own handler ends the processes; this is for libraries that leave it to the caller.
    private static void Check(int status)
    {
        if (status != 0)
        {
            throw new ExternalException($"MPI has failed with the status {status}.", status);
        }
    }
}
