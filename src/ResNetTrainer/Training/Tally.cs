using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Sums of loss and hits that stay on the device until they are read: a step never waits for them.</summary>
internal sealed class Tally(Device device) : IDisposable
{
    private readonly Tensor _loss = zeros([], ScalarType.Float64, device).DetachFromDisposeScope();
    private readonly Tensor _hits = zeros([], ScalarType.Int64, device).DetachFromDisposeScope();
    private long _count;

    public void Add(Tensor meanLoss, Tensor logits, Tensor labels)
    {
        using var noGradients = no_grad();
        var count = labels.shape[0];
        _loss.add_(meanLoss.detach().to_type(ScalarType.Float64), alpha: count);
        _hits.add_(logits.argmax(1).eq(labels).sum());
        _count += count;
    }

    public (double MeanLoss, double Accuracy) Read() => (_loss.item<double>() / _count, (double)_hits.item<long>() / _count);

    public void Dispose()
    {
        _loss.Dispose();
        _hits.Dispose();
    }
}
