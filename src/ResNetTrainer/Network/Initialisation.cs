using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>How fresh weights are drawn. All draws come from the generator given, none from TorchSharp's global one.</summary>
internal abstract class Initialisation
{
    /// <summary>
    /// The chapter's: Xavier uniform weights (Glorot and Bengio, 2010), U(-a, a) with a = sqrt(6 / (fan in + fan out));
    /// biases U(-b, b) with b = 1 / sqrt(fan in), PyTorch's default.
    /// </summary>
    public static Initialisation Xavier { get; } = new XavierUniform();

    /// <summary>
    /// torchvision's for ResNets: normal with variance 2 / fan out (He et al., 2015), and zero for the scale of each
    /// block's last normalisation, so that a block starts as the identity (Goyal et al., 2017). Biases are zero.
    /// </summary>
    public static Initialisation He { get; } = new HeNormal();

    public Tensor Create(TensorPlan tensor, NetworkPlan network, Generator generator) => tensor.Role switch
    {
        TensorRole.ConvolutionWeight or TensorRole.LinearWeight => Weight(tensor, generator),
        TensorRole.Bias => Bias(tensor, network, generator),
        TensorRole.Scale => Scale(tensor, network),
        TensorRole.RunningVariance => ones(tensor.Shape),
        _ => zeros(tensor.Shape),
    };

    protected abstract Tensor Weight(TensorPlan tensor, Generator generator);

    protected abstract Tensor Bias(TensorPlan tensor, NetworkPlan network, Generator generator);

    protected virtual Tensor Scale(TensorPlan tensor, NetworkPlan network) => ones(tensor.Shape);

    private static (long In, long Out) Fans(TensorPlan weight)
    {
        var receptive = weight.Shape.Skip(2).Aggregate(1L, (count, size) => count * size);
        return (weight.Shape[1] * receptive, weight.Shape[0] * receptive);
    }

    private static Tensor Uniform(long[] shape, double bound, Generator generator) =>
        empty(shape).uniform_(-bound, bound, generator);

    private sealed class XavierUniform : Initialisation
    {
        protected override Tensor Weight(TensorPlan tensor, Generator generator)
        {
            var (fanIn, fanOut) = Fans(tensor);
            return Uniform(tensor.Shape, Math.Sqrt(6.0 / (fanIn + fanOut)), generator);
        }

        protected override Tensor Bias(TensorPlan tensor, NetworkPlan network, Generator generator)
        {
            var weight = network.Tensors.Single(other => other.Name == tensor.Name.Replace(".bias", ".weight"));
            return Uniform(tensor.Shape, 1 / Math.Sqrt(Fans(weight).In), generator);
        }
    }

    private sealed class HeNormal : Initialisation
    {
        protected override Tensor Weight(TensorPlan tensor, Generator generator) =>
            tensor.Role == TensorRole.LinearWeight
                ? Uniform(tensor.Shape, 1 / Math.Sqrt(Fans(tensor).In), generator)
                : empty(tensor.Shape).normal_(0, Math.Sqrt(2.0 / Fans(tensor).Out), generator);

        protected override Tensor Bias(TensorPlan tensor, NetworkPlan network, Generator generator) => zeros(tensor.Shape);

        protected override Tensor Scale(TensorPlan tensor, NetworkPlan network) =>
            network.Blocks.Any(block => $"{block.Path[^1].Normalisation}.weight" == tensor.Name)
                ? zeros(tensor.Shape)
                : ones(tensor.Shape);
    }
}
