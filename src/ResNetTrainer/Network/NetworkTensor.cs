using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>
/// One tensor of a network: the float32 master, and the copy that the arithmetic uses. They are the same unless
/// convolutions compute in a lower precision; then gradients belong to the copy, which
/// <see cref="Refresh"/> brings up to date once a step rather than at every use.
/// </summary>
internal sealed class NetworkTensor : IDisposable
{
    public NetworkTensor(TensorPlan plan, Tensor master, ScalarType precision)
    {
        Plan = plan;
        Master = master.DetachFromDisposeScope();
        var lowered = precision != ScalarType.Float32
            && (plan.Role == TensorRole.ConvolutionWeight || (plan.Role == TensorRole.Bias && plan.Name != "fc.bias"));
        Compute = lowered ? master.to_type(precision).DetachFromDisposeScope() : Master;
        Compute.requires_grad = plan.IsParameter;
    }

    public TensorPlan Plan { get; }

    public Tensor Master { get; }

    public Tensor Compute { get; }

    /// <summary>Copies the master to where the arithmetic sees it.</summary>
    public void Refresh()
    {
        if (!ReferenceEquals(Master, Compute))
        {
            Compute.copy_(Master);
        }
    }

    public void Dispose()
    {
        // The gradient is a tensor of its own.
        using (Compute.grad)
        {
            Compute.Dispose();
            Master.Dispose();
        }
    }
}
