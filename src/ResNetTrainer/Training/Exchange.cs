using System.Runtime.InteropServices;
using ResNetMLNet.Distributed;
using ResNetMLNet.Network;
using ResNetMLNet.Training.Optimizing;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>
/// What the processes that train together tell each other after each backward pass: gradients, running statistics, metrics, and whether
/// one is to stop. After it their gradients are the same to the last bit. They meet once a step, because each time all wait for the
/// slowest.
/// </summary>
internal sealed class Exchange : IDisposable
{
    // Large gradients are added up where they are: two copies of them would take as long as MPI does (docs/BENCHMARKS.md,
    // "Several machines").
    private const long Large = 1 << 16;

    // What metrics are made of, and how many are to stop.
    private const int Numbers = MetricSums.Length + 1;

    private readonly ProcessGroup _group;
    private readonly Func<bool> _isCancelled;
    private readonly CompressedSum? _compressed;
    private readonly NetworkTensor[] _large;
    private readonly NetworkTensor[] _small;
    private readonly NetworkTensor[] _statistics;
    private readonly Tensor _buffer;

    /// <param name="group">The processes.</param>
    /// <param name="network">What they train.</param>
    /// <param name="compression">How large gradients are sent.</param>
    /// <param name="isCancelled">Whether this one is to stop.</param>
    public Exchange(ProcessGroup group, TrainableNetwork network, GradientCompression compression, Func<bool> isCancelled)
    {
        (_group, _isCancelled) = (group, isCancelled);
        _compressed = compression == GradientCompression.BFloat16 ? new(group) : null;
        _large = [.. network.Parameters.Where(tensor => tensor.Master.NumberOfElements >= Large)];
        _small = [.. network.Parameters.Except(_large)];
        _statistics = [.. network.Tensors.Values.Where(tensor =>
            !tensor.Plan.IsParameter && !tensor.IsFrozen && network.NormalisesByBatch)];
        var length = _small.Concat(_statistics).Sum(tensor => tensor.Master.NumberOfElements);
        _buffer = empty([length + Numbers], ScalarType.Float32).DetachFromDisposeScope();
    }

    /// <summary>The part of each batch that is this process's.</summary>
    public Share Share => new(_group.Rank, _group.Size);

    /// <summary>Whether it is so for any of the processes.</summary>
    public bool Any(bool isSo) => _group.Any(isSo);

    /// <summary>Adds up the numbers of all processes.</summary>
    public double Sum(double value) => Sum([value])[0];

    /// <inheritdoc cref="Sum(double)"/>
    public MetricSums Sum(MetricSums sums) => MetricSums.Of(Sum(sums.ToArray()));

    /// <summary>Whether any of the processes was to stop at the last step.</summary>
    public bool AnyIsCancelled { get; private set; }

    /// <summary>Adds up the gradients, and makes the running statistics the mean over the images of all.</summary>
    /// <param name="share">The share of the batch's images that are this process's.</param>
    /// <param name="sums">What metrics of this process's images are made of.</param>
    /// <returns>The same of all images of the batch.</returns>
    public MetricSums Run(double share, MetricSums sums)
    {
        using var noGradients = no_grad();
        foreach (var tensor in _large)
        {
            using var scope = NewDisposeScope();
            var gradient = GradientOf(tensor);
            if (_compressed is null)
            {
                _group.AllReduce(gradient);
            }
            else
            {
                gradient.copy_(_compressed.Of(gradient.flatten()).view(gradient.shape));
            }
        }

        using var rest = NewDisposeScope();
        Fill(share);
        var numbers = MemoryMarshal.Cast<byte, float>(_buffer.bytes)[^Numbers..];
        (numbers[0], numbers[1], numbers[2]) = ((float)sums.Loss, (float)sums.Hits, (float)sums.Weight);
        numbers[3] = _isCancelled() ? 1 : 0;
        _group.AllReduce(_buffer);
        AnyIsCancelled = numbers[3] > 0;
        TakeOver();
        return new(numbers[0], numbers[1], numbers[2]);
    }

    /// <summary>
    /// Gives all processes the weights of the first. Where processors are of different kinds, or compute with different numbers of threads,
    /// the matrix products of <see cref="Muon"/> and the norm of gradients differ in their last bits; else the weights are the same
    /// already.
    /// </summary>
    public void Align()
    {
        using var noGradients = no_grad();
        foreach (var tensor in _large.Concat(_small))
        {
            _group.Broadcast(tensor.Master);
            tensor.Refresh();
        }
    }

    public void Dispose() => _buffer.Dispose();

    private double[] Sum(double[] values)
    {
        _group.AllReduce(values);
        return values;
    }

    // A process that has no image of the batch has none yet.
    private static Tensor GradientOf(NetworkTensor tensor) => tensor.Compute.grad ?? (tensor.Compute.grad = zeros_like(tensor.Compute));

    private void Fill(double share)
    {
        using Scalar factor = share;
        var at = 0L;
        foreach (var tensor in _small)
        {
            Part(tensor, ref at).copy_(GradientOf(tensor).flatten());
        }

        foreach (var tensor in _statistics)
        {
            Part(tensor, ref at).copy_(tensor.Master.flatten()).mul_(factor);
        }
    }

    private void TakeOver()
    {
        var at = 0L;
        foreach (var tensor in _small)
        {
            GradientOf(tensor).copy_(Part(tensor, ref at).view(tensor.Compute.shape));
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
