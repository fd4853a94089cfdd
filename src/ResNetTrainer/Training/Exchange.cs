using System.Runtime.InteropServices;
using ResNetMLNet.Distributed;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>
/// What the processes that train together tell each other: in each step the metrics of the batch, then the gradients and the running
/// statistics, all of these in one sum. After it their networks are the same to the last bit.
/// </summary>
internal sealed class Exchange : IDisposable
{
    private readonly ProcessGroup _group;
    private readonly NetworkTensor[] _gradients;
    private readonly NetworkTensor[] _statistics;
    private readonly Tensor _buffer;

    public Exchange(ProcessGroup group, TrainableNetwork network)
    {
        _group = group;
        _gradients = [.. network.Parameters];
        _statistics = [.. network.Tensors.Values.Where(tensor =>
            !tensor.Plan.IsParameter && !tensor.IsFrozen && network.NormalisesByBatch)];
        _buffer = empty([_gradients.Concat(_statistics).Sum(tensor => tensor.Master.NumberOfElements)], ScalarType.Float32)
            .DetachFromDisposeScope();
    }

    /// <summary>The part of each batch that is this process's.</summary>
    public Share Share => new(_group.Rank, _group.Size);

    /// <summary>Whether it is so for any of the processes.</summary>
    public bool Any(bool isSo) => _group.Any(isSo);

    /// <summary>Adds up the numbers of all processes.</summary>
    public double[] Sum(double[] values)
    {
        double[] all = [.. values];
        _group.Sum(all);
        return all;
    }

    /// <summary>Adds up the gradients, and makes the running statistics the mean of all.</summary>
    /// <param name="share">The share of the batch's weight that this process's images have; the gradients are of that already.</param>
    public void Run(double share)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Fill(share);
        _group.Sum(MemoryMarshal.Cast<byte, float>(_buffer.bytes));
        TakeOver();
    }

    public void Dispose() => _buffer.Dispose();

    private void Fill(double share)
    {
        using Scalar factor = share;
        var at = 0L;
        foreach (var tensor in _gradients)
        {
            var part = Part(tensor, ref at);
            if (tensor.Compute.grad is { } gradient)
            {
                part.copy_(gradient.flatten());
            }
            else
            {
                part.zero_();
            }
        }

        foreach (var tensor in _statistics)
        {
            Part(tensor, ref at).copy_(tensor.Master.flatten()).mul_(factor);
        }
    }

    private void TakeOver()
    {
        var at = 0L;
        foreach (var tensor in _gradients)
        {
            var part = Part(tensor, ref at).view(tensor.Compute.shape);
            if (tensor.Compute.grad is { } gradient)
            {
                gradient.copy_(part);
            }
            else
            {
                tensor.Compute.grad = empty_like(tensor.Compute).copy_(part);
            }
        }

        foreach (var tensor in _statistics)
        {
            tensor.Master.copy_(Part(tensor, ref at).view(tensor.Master.shape));
        }
    }

    private Tensor Part(NetworkTensor tensor, ref long at)
    {
        var start = at;
        at += tensor.Master.NumberOfElements;
        return _buffer.narrow(0, start, tensor.Master.NumberOfElements);
    }
}
