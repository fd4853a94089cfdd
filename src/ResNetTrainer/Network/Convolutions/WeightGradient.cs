using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network.Convolutions;

/// <summary>
/// The gradient of a kernel as one product of matrices, on the CPU in bfloat16, where images are so small that oneDNN's own way reaches a
/// third to a half of the processor's speed (docs/BENCHMARKS.md, "Where a step goes").
/// </summary>
internal static class WeightGradient
{
    // Of more, oneDNN is as fast.
    private const int MostPixels = 5 * 5;
    private const int MostPixelsOfStride = 7 * 7;

    /// <summary>Whether it is sooner so.</summary>
    /// <param name="x">Of shape (batch, inputs, height, width).</param>
    /// <param name="weight">Of shape (outputs, inputs, height, width).</param>
    /// <param name="stride">Along both sides.</param>
    public static bool Suits(Tensor x, Tensor weight, int stride) =>
        x.dtype == ScalarType.BFloat16 && x.device_type == DeviceType.CPU && is_grad_enabled() && weight.requires_grad
        && ShapeInference.Strided(x.shape[2], stride) * ShapeInference.Strided(x.shape[3], stride)
            <= (stride == 1 ? MostPixels : MostPixelsOfStride);

    /// <summary>Runs a convolution without bias and groups whose kernel's gradient is computed so; the rest is libtorch's.</summary>
    /// <param name="x">Of shape (batch, inputs, height, width).</param>
    /// <param name="weight">Of shape (outputs, inputs, height, width).</param>
    /// <param name="stride">Along both sides.</param>
    /// <param name="padding">Above and below, left and right, so that only the stride makes the image smaller.</param>
    public static Tensor Convolve(Tensor x, Tensor weight, int stride, (int Vertical, int Horizontal) padding)
    {
        using var withoutGradient = weight.detach();
        using var y = functional.conv2d(x, withoutGradient, null, [stride, stride], [padding.Vertical, padding.Horizontal]);
        return OfWeight.apply(y, x, weight, stride, padding);
    }

    private static Tensor Compute(Tensor x, Tensor gradient, long[] kernel, int stride, (int Vertical, int Horizontal) padding)
    {
        // A row for each output pixel: what the kernel saw there, (height, width, inputs).
        var (vertical, horizontal) = padding;
        var padded = functional.pad(x.permute(0, 2, 3, 1), [0, 0, horizontal, horizontal, vertical, vertical]);
        var seen = padded.unfold(1, kernel[2], stride).unfold(2, kernel[3], stride).permute(0, 1, 2, 4, 5, 3);
        var rows = seen.contiguous().view(-1, kernel[1] * kernel[2] * kernel[3]);
        var product = gradient.permute(1, 0, 2, 3).reshape(kernel[0], -1).mm(rows);
        return product.view(kernel[0], kernel[2], kernel[3], kernel[1]).permute(0, 3, 1, 2).contiguous();
    }

    // Hands the output through; its gradient is also the kernel's.
    private sealed class OfWeight : autograd.SingleTensorFunction<OfWeight>
    {
        public override string Name => nameof(WeightGradient);

        public override Tensor forward(autograd.AutogradContext context, params object[] arguments)
        {
            var (x, weight) = ((Tensor)arguments[1], (Tensor)arguments[2]);
            context.save_for_backward([x]);
            context.set_materialize_grads(false);
            context.save_data("kernel", weight.shape);
            context.save_data("stride", arguments[3]);
            context.save_data("padding", arguments[4]);
            return ((Tensor)arguments[0]).detach();
        }

        public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient) =>
            BackwardPass.Step(gradient, inputs: 5, () =>
            {
                using var scope = NewDisposeScope();
                using var noGradients = no_grad();
                var ofWeight = Compute(
                    context.get_saved_variables()[0], gradient, (long[])context.get_data("kernel"), (int)context.get_data("stride"),
                    ((int, int))context.get_data("padding"));
                return [BackwardPass.Give(gradient), null!, ofWeight.MoveToOuterDisposeScope(), null!, null!];
            });
    }
}
