using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>The network on tensors: what training and scoring with libtorch have in common.</summary>
internal abstract class TensorLayers : ILayers<Tensor>
{
    // What is not needed any more goes at once: a backward pass keeps what it needs by itself.
    public Tensor Part(string? name, Tensor input, Func<Tensor, Tensor> run)
    {
        using var scope = NewDisposeScope();
        using (input)
        {
            return run(input).MoveToOuterDisposeScope();
        }
    }

    public Tensor Standardise(PixelStatistics statistics, Tensor x)
    {
        Tensor OfChannels(IReadOnlyList<float> values) => tensor([.. values], [values.Count, 1, 1]).Send(x.device);
        var mean = statistics.MeanImage is { } image ? OfPixels(image, x) : OfChannels(statistics.Mean);
        return x.sub(mean).div_(OfChannels(statistics.Deviation));
    }

    public abstract Tensor Convolution(ConvolutionPlan convolution, Tensor x);

    public abstract Tensor Linear(LinearPlan linear, Tensor x);

    public abstract Tensor Normalise(NormalisationPlan normalisation, Tensor x);

    public Tensor Pad(BlockPlan block, Tensor x)
    {
        var missing = block.Outputs - block.Inputs;
        return functional.pad(Tensors.Every(block.Stride, x), [0, 0, 0, 0, missing / 2, missing - (missing / 2)]);
    }

    public Tensor Relu(Tensor x) => x.relu_();

    public Tensor Add(Tensor x, Tensor skip) => x.add_(skip, Tensors.One);

    public Tensor MaxPool(Tensor x) => functional.max_pool2d(x, kernel_size: 3, stride: 2, padding: 1);

    public Tensor GlobalAveragePool(Tensor x) => functional.adaptive_avg_pool2d(x, 1);

    public Tensor Flatten(Tensor x) => x.flatten(1);

    // Training may begin with smaller images than it ends with.
    private static Tensor OfPixels(MeanImage image, Tensor x)
    {
        var mean = Tensors.Copy(image.Values, [1, image.Channels, image.Height, image.Width], x.device);
        return x.shape[2] == image.Height && x.shape[3] == image.Width
            ? mean
            : functional.interpolate(
                mean, [x.shape[2], x.shape[3]], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true);
    }
}
