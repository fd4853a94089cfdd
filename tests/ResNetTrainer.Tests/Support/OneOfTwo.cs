using System.Runtime.InteropServices;
using ResNetMLNet.Distributed;

namespace ResNetMLNet.Tests.Support;

/// <summary>One of two processes that train together; the other is a function.</summary>
/// <param name="rank">Which of them.</param>
/// <param name="sum">What the sum of a value and the other's is.</param>
internal sealed class OneOfTwo(int rank, Func<float, float> sum) : ICommunicator
{
    public int Rank => rank;

    public int Size => 2;

    public bool ReachesGpus => false;

    public void AllReduce(nint address, long count)
    {
        var values = new float[count];
        Marshal.Copy(address, values, 0, values.Length);
        Marshal.Copy([.. values.Select(sum)], 0, address, values.Length);
    }

    public void AllReduce(Span<double> values) => throw new NotSupportedException();

    // What the first has, its function makes of what the second has.
    public void Broadcast(Span<byte> bytes, int root)
    {
        foreach (ref var value in MemoryMarshal.Cast<byte, float>(bytes))
        {
            value = rank == root ? value : sum(value);
        }
    }

    public void AllToAll(ReadOnlySpan<byte> sent, Span<byte> received) => throw new NotSupportedException();

    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all) => throw new NotSupportedException();

    public void Abort() => throw new NotSupportedException();
}
