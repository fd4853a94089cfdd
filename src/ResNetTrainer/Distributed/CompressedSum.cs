using static TorchSharp.torch;

namespace ResNetMLNet.Distributed;

/// <summary>
/// Adds up the values of all processes with half the bytes: sent as bfloat16, added in float32. Each process adds up one part, rounds it,
/// and gives it to all, so that all have the same bits.
/// </summary>
internal sealed class CompressedSum(ProcessGroup group)
{
    /// <summary>The sum, on the host.</summary>
    /// <param name="values">The values of this process, a vector as long in all of them.</param>
    public Tensor Of(Tensor values)
    {
        var length = values.NumberOfElements;
        var part = (length + group.Size - 1) / group.Size;
        var sent = zeros([group.Size, part], ScalarType.BFloat16);
        sent.flatten().narrow(0, 0, length).copy_(values);
        var received = empty_like(sent);
        group.AllToAll(sent.bytes, received.bytes);

        // Without the name it would be a ScalarType, to which a 0 converts.
        var sum = received.to_type(ScalarType.Float32).sum(dim: [0]).to_type(ScalarType.BFloat16);
        group.AllGather(sum.bytes, sent.bytes);
        return sent.flatten().narrow(0, 0, length);
    }
}
