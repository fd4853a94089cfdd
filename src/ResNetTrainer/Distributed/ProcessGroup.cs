using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Distributed;

/// <summary>The processes that train one model, as one of them sees them; it may be alone.</summary>
/// <param name="communicator">The way to the others.</param>
internal sealed class ProcessGroup(ICommunicator communicator)
{
    private const string Mark = "ResNetMLNet.OfAll";

    public static ProcessGroup Alone { get; } = new(new SoleProcess());

    public int Rank => communicator.Rank;

    public int Size => communicator.Size;

    public bool IsAlone => Size == 1;

    /// <summary>Whether it is the one that speaks and writes.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Adds up the values of all, in place.</summary>
    public void AllReduce(Span<double> values) => communicator.AllReduce(values);

    /// <summary>Adds up the values of all in float32, in place; those of a GPU on the host, unless MPI reaches into its memory.</summary>
    public void AllReduce(Tensor values)
    {
        if (IsAlone)
        {
            return;
        }

        // Where they are floats in order already, none of this is a copy.
        using var scope = NewDisposeScope();
        var floats = values.to_type(ScalarType.Float32);
        var isReached = values.device_type == DeviceType.CPU || communicator.ReachesGpus;
        floats = (isReached ? floats : floats.cpu()).contiguous();
        if (floats.device_type == DeviceType.CUDA)
        {
            // MPI knows nothing of what the GPU has still to do.
            cuda.synchronize(floats.device);
        }

        communicator.AllReduce(AddressOf(floats), floats.NumberOfElements);
        values.copy_(floats);
    }

    /// <inheritdoc cref="ICommunicator.AllToAll"/>
    public void AllToAll(ReadOnlySpan<byte> sent, Span<byte> received) => communicator.AllToAll(sent, received);

    /// <inheritdoc cref="ICommunicator.AllGather"/>
    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all) => communicator.AllGather(own, all);

    /// <summary>Whether it is so for any of them.</summary>
    public bool Any(bool isSo)
    {
        Span<double> count = [isSo ? 1 : 0];
        communicator.AllReduce(count);
        return count[0] > 0;
    }

    /// <summary>The greatest number that one of them has.</summary>
    public int Greatest(int number)
    {
        Span<int> own = [number];
        Span<int> all = stackalloc int[Size];
        communicator.AllGather(MemoryMarshal.AsBytes(own), MemoryMarshal.AsBytes(all));
        return System.Numerics.Tensors.TensorPrimitives.Max<int>(all);
    }

    /// <summary>What the first of them has.</summary>
    public T Broadcast<T>(T value)
        where T : unmanaged
    {
        Span<T> values = [value];
        communicator.Broadcast(MemoryMarshal.AsBytes(values), root: 0);
        return values[0];
    }

    /// <summary>Makes the values those that the first of them has, in place; by way of the host, also those of a GPU.</summary>
    public void Broadcast(Tensor values)
    {
        using var scope = NewDisposeScope();
        var onHost = values.cpu().contiguous();
        communicator.Broadcast(onHost.bytes, root: 0);
        values.copy_(onHost);
    }

    /// <summary>The bytes that the first of them has.</summary>
    public byte[] Broadcast(byte[] bytes) => Of(0, bytes);

    /// <summary>What each of them has to say.</summary>
    public string[] AllGather(string text) =>
        [.. Enumerable.Range(0, Size).Select(rank => Encoding.UTF8.GetString(Of(rank, rank == Rank ? Encoding.UTF8.GetBytes(text) : [])))];

    /// <summary>Does what may fail in some of them: then it fails in all, and says in which.</summary>
    public T Together<T>(Func<T> work)
    {
        if (IsAlone)
        {
            return work();
        }

        var (result, error) = (default(T), default(ExceptionDispatchInfo));
        try
        {
            result = work();
        }
        catch (Exception e)
        {
            error = ExceptionDispatchInfo.Capture(e);
        }

        var isCancelled = Any(error?.SourceException is OperationCanceledException);
        var problems = AllGather(error is null ? "" : Text(error.SourceException.GetBaseException()));
        if (error is not null)
        {
            OfAll(error.SourceException);
            error.Throw();
        }

        var failed = Array.FindIndex(problems, problem => problem.Length > 0);
        if (isCancelled || failed >= 0)
        {
            (result as IDisposable)?.Dispose();
        }

        if (isCancelled)
        {
            throw OfAll(new OperationCanceledException("Another process of the training was cancelled."));
        }

        return failed < 0
            ? result!
            : throw OfAll(new InvalidOperationException($"Rank {failed} of {Size} has failed: {problems[failed]}"));
    }

    /// <inheritdoc cref="Together{T}(Func{T})"/>
    public void Together(Action work) => Together(() =>
    {
        work();
        return true;
    });

    /// <summary>Marks an error that is thrown in all processes, so that none has to be ended because of it.</summary>
    public static Exception OfAll(Exception e)
    {
        e.Data[Mark] = true;
        return e;
    }

    /// <summary>Whether an error is thrown in all processes.</summary>
    public static bool IsOfAll(Exception e) => e.Data.Contains(Mark);

    /// <summary>Says why this one cannot go on, and ends all of them: the others wait for what will not come.</summary>
    public void Abort(Exception e)
    {
        Console.Error.WriteLine($"Rank {Rank} of {Size} has failed, and ends the others: {e.Message}");
        communicator.Abort();
    }

    private static string Text(Exception e) => e.Message.Length > 0 ? e.Message : e.GetType().Name;

    private byte[] Of(int rank, byte[] bytes)
    {
        Span<long> length = [bytes.Length];
        communicator.Broadcast(MemoryMarshal.AsBytes(length), rank);
        var received = rank == Rank ? bytes : new byte[length[0]];
        communicator.Broadcast(received, rank);
        return received;
    }

    private static nint AddressOf(Tensor floats) =>
        floats.storage<float>().data_ptr() + (nint)(floats.storage_offset() * sizeof(float));
}
