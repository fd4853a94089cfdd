using ResNetMLNet.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>Batch normalisation over the images of all processes, as if they were one batch.</summary>
internal static class SharedNormalisation
{
    private static readonly long[] _overImages = [0, 2, 3];

    /// <param name="group">The processes.</param>
    /// <param name="x">This process's (images, channels, height, width); there may be no image.</param>
    /// <param name="tensors">The normalisation's, of which the running statistics are updated.</param>
    public static Tensor Run(ProcessGroup group, Tensor x, (Tensor Mean, Tensor Variance, Tensor Scale, Tensor Shift) tensors)
    {
        var values = x.to_type(ScalarType.Float32);
        Span<double> pixels = [x.shape[0] * x.shape[2] * x.shape[3]];
        group.AllReduce(pixels);
        using Scalar each = 1 / pixels[0], epsilon = NormalisationPlan.Epsilon, unbiased = pixels[0] / Math.Max(1, pixels[0] - 1);
        var mean = Sum(group, values.sum(_overImages)).mul(each);
        var centred = values.sub(mean.view(1, -1, 1, 1));
        var variance = Sum(group, centred.mul(centred).sum(_overImages)).mul(each);
        Follow(tensors.Mean, mean.detach());
        Follow(tensors.Variance, variance.detach().mul(unbiased));
        var factor = variance.add(epsilon, Tensors.One).rsqrt().mul(tensors.Scale);
        return centred.mul(factor.view(1, -1, 1, 1)).add(tensors.Shift.view(1, -1, 1, 1), Tensors.One).to_type(x.dtype);
    }

    private static void Follow(Tensor running, Tensor statistic)
    {
        using var noGradients = no_grad();
        using Scalar kept = 1 - NormalisationPlan.Momentum, taken = NormalisationPlan.Momentum;
        running.mul_(kept).add_(statistic, taken);
    }

    private static Tensor Sum(ProcessGroup group, Tensor x) => OverProcesses.apply(x, group);

    // Each process's values reach all outputs, so that the gradient is the sum of theirs.
    private sealed class OverProcesses : autograd.SingleTensorFunction<OverProcesses>
    {
        public override string Name => nameof(OverProcesses);

        public override Tensor forward(autograd.AutogradContext context, params object[] arguments)
        {
            var group = (ProcessGroup)arguments[1];
            context.save_data("group", group);
            return Add((Tensor)arguments[0], group);
        }

        public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
        {
            using (gradient)
            {
                return [BackwardPass.Give(Add(gradient, (ProcessGroup)context.get_data("group"))), null!];
            }
        }

        private static Tensor Add(Tensor values, ProcessGroup group)
        {
            var sum = values.clone();
            group.AllReduce(sum);
            return sum;
        }
    }
}
