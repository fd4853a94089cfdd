namespace ResNetMLNet.Distributed;

/// <summary>A process without others: what it would tell them it knows.</summary>
internal sealed class SoleProcess : ICommunicator
{
    public int Rank => 0;

    public int Size => 1;

    public bool ReachesGpus => true;

    public void AllReduce(nint address, long count)
    {
    }

    public void AllReduce(Span<double> values)
    {
    }

    public void Broadcast(Span<byte> bytes, int root)
    {
    }

    public void AllToAll(ReadOnlySpan<byte> sent, Span<byte> received) => sent.CopyTo(received);

    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all) => own.CopyTo(all);

    /// <summary>Does nothing: nobody waits for it.</summary>
    public void Abort()
    {
    }
}
