using ResNetMLNet.Hosting;
using ResNetMLNet.Network;
using TorchSharp;

namespace ResNetMLNet;

/// <summary>The parts of a network with the shape of what each puts out, and the number of its parameters.</summary>
/// <param name="Layers">The parts in order; shapes without the batch: (channels, height, width) or (features).</param>
/// <param name="ParameterCount">The number of trained parameters.</param>
public sealed record ResNetSummary(IReadOnlyList<ResNetSummary.Layer> Layers, long ParameterCount)
{
    /// <summary>A part of a network.</summary>
    /// <param name="Name">What it is.</param>
    /// <param name="Shape">What it puts out.</param>
    public sealed record Layer(string Name, IReadOnlyList<long> Shape);

    internal static ResNetSummary Of(NetworkPlan plan, int imageSize)
    {
        TorchRuntime.EnsureLoaded();
        using var scope = torch.NewDisposeScope();
        using var noGradients = torch.no_grad();
        using var network = ResNet.Create(plan, imageSize, imageSize, Initialisation.He, seed: 0, torch.CPU, torch.ScalarType.Float32);
        var layers = network.Trace(torch.zeros(1, plan.Channels, imageSize, imageSize)).Select(layer => new Layer(layer.Layer, layer.Shape[1..]));
        return new([.. layers], plan.ParameterCount);
    }
}
