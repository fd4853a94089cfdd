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

    public Tensor Create(TensorPlan tensor, Generator generator) => tensor.Role switch
    {
        TensorRole.ConvolutionWeight or TensorRole.LinearWeight => Weight(tensor, generator),
        TensorRole.ConvolutionBias or TensorRole.LinearBias => Bias(tensor, generator),
        TensorRole.ClosingScale => ClosingScale(tensor),
        TensorRole.Scale or TensorRole.RunningVariance => ones(tensor.Shape),
        _ => zeros(tensor.Shape),
    };

    protected abstract Tensor Weight(TensorPlan tensor, Generator generator);

    protected abstract Tensor Bias(TensorPlan tensor, Generator generator);

    protected abstract Tensor ClosingScale(TensorPlan tensor);

    private static Tensor Uniform(TensorPlan tensor, double bound, Generator generator) =>
        empty(tensor.Shape).uniform_(-bound, bound, generator);

    private sealed class XavierUniform : Initialisation
    {
        // Checkpoints have it so.
        public override string ToString() => "ResNetMLNet.Network.Initialisation+XavierUniform";

        protected override Tensor Weight(TensorPlan tensor, Generator generator) =>
            Uniform(tensor, Math.Sqrt(6.0 / (tensor.FanIn + tensor.FanOut)), generator);

        protected override Tensor Bias(TensorPlan tensor, Generator generator) => Uniform(tensor, 1 / Math.Sqrt(tensor.FanIn), generator);

        protected override Tensor ClosingScale(TensorPlan tensor) => ones(tensor.Shape);
    }

    private sealed class HeNormal : Initialisation
    {
        public override string ToString() => "ResNetMLNet.Network.Initialisation+HeNormal";

        protected override Tensor Weight(TensorPlan tensor, Generator generator) => tensor.Role == TensorRole.LinearWeight
            ? Uniform(tensor, 1 / Math.Sqrt(tensor.FanIn), generator)
            : empty(tensor.Shape).normal_(0, Math.Sqrt(2.0 / tensor.FanOut), generator);

        protected override Tensor Bias(TensorPlan tensor, Generator generator) => zeros(tensor.Shape);

        protected override Tensor ClosingScale(TensorPlan tensor) => zeros(tensor.Shape);
    }
}
