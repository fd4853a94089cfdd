using ResNetMLNet.Formats;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Training.Optimizing;

/// <summary>
/// An exponential moving average of a network in training, its running statistics included (Polyak and Juditsky, 1992): a network of its
/// own, steadier than the one it follows.
/// </summary>
internal sealed class WeightAverage : IDisposable
{
    private readonly TrainableNetwork _average;
    private readonly (NetworkTensor Average, NetworkTensor Followed)[] _tensors;
    private readonly double _decay;
    private readonly Device _device;
    private bool _isStale;

    /// <param name="network">The network to follow; the average begins as it is now.</param>
    /// <param name="decay">The share of itself that the average keeps in a step.</param>
    /// <param name="device">Where the network is.</param>
    public WeightAverage(TrainableNetwork network, double decay, Device device)
    {
        (_decay, _device) = (decay, device);
        _average = TrainableNetwork.Create(network.Plan, network.Export(), device, network.Precision);
        _average.UsesWinograd = network.UsesWinograd;
        _tensors = [.. network.Tensors
            .Where(tensor => !tensor.Value.IsFrozen)
            .Select(tensor => (_average.Tensors[tensor.Key], tensor.Value))];
    }

    /// <summary>Takes in what a step made of the network.</summary>
    /// <param name="step">The steps done before, of all epochs: the average of few weights forgets more quickly.</param>
    public void Follow(long step)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using Scalar number = 1 - DecayAt(step);
        var share = full([], number, ScalarType.Float32, _device);
        foreach (var (average, followed) in _tensors)
        {
            average.Master.lerp_(followed.Master, share);
        }

        _isStale = true;
    }

    /// <summary>The network of average weights, ready to score.</summary>
    public TrainableNetwork Refreshed()
    {
        if (_isStale)
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            Array.ForEach(_tensors, pair => pair.Average.Refresh());
            _isStale = false;
        }

        return _average;
    }

    public void Import(NamedTensors weights) => _average.Import(weights);

    public void Dispose() => _average.Dispose();

    internal double DecayAt(long step) => Math.Min(_decay, (1.0 + step) / (10.0 + step));
}
