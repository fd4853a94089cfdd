using ResNetMLNet.Formats;
using ResNetMLNet.Network.Convolutions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>
/// The network as it scores: each batch normalisation folded into the convolution before it, so that a layer is one
/// convolution with a bias. Thread-safe; owns its tensors.
/// </summary>
internal sealed class FoldedNetwork : TensorLayers, IDisposable
{
    private readonly NetworkPlan _plan;
    private readonly Dictionary<string, (Tensor Weight, Tensor Bias)> _layers = [];

    public FoldedNetwork(NetworkPlan plan, NamedTensors weights, Device device)
    {
        _plan = plan;
        using var scope = NewDisposeScope();
        foreach (var convolution in plan.Convolutions)
        {
            var (weight, bias) = Folding.Fold(convolution, weights);
            var whole = Tensors.Copy(weight, convolution.Weight.Shape, device);
            Own(convolution.Name, plan.Windows[convolution].View(whole).contiguous(), Tensors.Copy(bias, [bias.Length], device));
        }

        foreach (var normalisation in plan.Unfolded)
        {
            var (factor, shift) = Folding.Affine(normalisation, weights);
            var shape = (long[])[factor.Length, 1, 1];
            Own(
                normalisation.Name,
                Tensors.Copy([.. factor.Select(value => (float)value)], shape, device),
                Tensors.Copy([.. shift.Select(value => (float)value)], shape, device));
        }

        if (plan.Head is { } head)
        {
            Own(
                LinearPlan.Name,
                Tensors.Copy(weights[head.Weight.Name].ToArray(), head.Weight.Shape, device),
                Tensors.Copy(weights[head.Bias.Name].ToArray(), head.Bias.Shape, device));
        }
    }

    /// <summary>
    /// Images (batch, channels, height, width) in float32 to logits (batch, classes), or to features where there is no linear layer.
    /// </summary>
    public Tensor Forward(Tensor images)
    {
        using var scope = NewDisposeScope();
        return _plan.Run(this, images.alias()).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Images to what the last stage makes of them, (batch, channels, height, width), and to features, (batch, features).
    /// </summary>
    public (Tensor Maps, Tensor Features) ForwardWithMaps(Tensor images)
    {
        using var scope = NewDisposeScope();
        var maps = _plan.Maps(this, images.alias());
        var features = _plan.Pool(this, maps.alias());
        return (maps.MoveToOuterDisposeScope(), features.MoveToOuterDisposeScope());
    }

    /// <summary>Features (batch, features) to logits (batch, classes), of a network with a linear layer.</summary>
    public Tensor Classify(Tensor features) => functional.linear(features, HeadWeight, _layers[LinearPlan.Name].Bias);

    /// <summary>How much each feature (the mean of a map) counts for the logit of a class: (classes, features).</summary>
    public Tensor HeadWeight => _layers[LinearPlan.Name].Weight;

    public override Tensor Convolution(ConvolutionPlan convolution, Tensor x) =>
        LibtorchConvolution.Run(
            x, _layers[convolution.Name].Weight, _layers[convolution.Name].Bias, convolution, _plan.Windows[convolution]);

    public override Tensor Normalise(NormalisationPlan normalisation, Tensor x) =>
        x.mul(_layers[normalisation.Name].Weight).add_(_layers[normalisation.Name].Bias, Tensors.One);

    public override Tensor Linear(LinearPlan linear, Tensor x) => Classify(x);

    public void Dispose()
    {
        foreach (var (weight, bias) in _layers.Values)
        {
            weight.Dispose();
            bias.Dispose();
        }
    }

    private void Own(string name, Tensor weight, Tensor bias) =>
        _layers.Add(name, (weight.DetachFromDisposeScope(), bias.DetachFromDisposeScope()));
}
