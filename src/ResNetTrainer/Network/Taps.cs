using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>
/// The part of a convolution's kernel that ever meets the picture. On small pictures the last stages see so few pixels that
/// the rest of the kernel only ever meets the padding: of a 3x3 kernel on a single pixel, all but the middle. That rest
/// contributes nothing and gets no gradient, so training leaves it out: for 28x28 pictures, two thirds of ResNet-18's weights.
/// </summary>
internal readonly record struct Taps(Taps.Range Vertical, Taps.Range Horizontal)
{
    public static Taps Of(ConvolutionPlan plan, int height, int width) => new(Range.Of(plan, height), Range.Of(plan, width));

    public bool AreAll(ConvolutionPlan plan) => Vertical.Count == plan.Kernel && Horizontal.Count == plan.Kernel;

    /// <summary>This part of a kernel (outputs, inputs, height, width), as a view.</summary>
    public Tensor Of(Tensor kernel) => kernel
        .narrow(2, Vertical.First, Vertical.Count)
        .narrow(3, Horizontal.First, Horizontal.Count);

    /// <summary>The taps of each convolution of a network for pictures of a size.</summary>
    public static Dictionary<ConvolutionPlan, Taps> Of(NetworkPlan network, int height, int width) =>
        Inputs(network, height, width).ToDictionary(input => input.Convolution, input => Of(input.Convolution, input.Height, input.Width));

    /// <summary>The size of the picture that each convolution of a network sees.</summary>
    public static IEnumerable<(ConvolutionPlan Convolution, int Height, int Width)> Inputs(NetworkPlan network, int height, int width)
    {
        yield return (network.Stem, height, width);

        // The stem's convolution and its pooling halve the picture, rounding up.
        var (h, w) = (Halved(Halved(height)), Halved(Halved(width)));
        foreach (var block in network.Blocks)
        {
            if (block.Skip is not null)
            {
                yield return (block.Skip, h, w);
            }

            foreach (var convolution in block.Path)
            {
                yield return (convolution, h, w);
                (h, w) = convolution.Stride == 2 ? (Halved(h), Halved(w)) : (h, w);
            }
        }
    }

    private static int Halved(int side) => (side + 1) / 2;

    /// <summary>Taps of the kernel along one side: the first and how many.</summary>
    internal readonly record struct Range(int First, int Count, int Padding)
    {
        public static Range Of(ConvolutionPlan plan, int side)
        {
            // Output y meets input y * stride - padding + tap, where that is inside the picture.
            var outputs = (side - 1) / plan.Stride + 1;
            var met = Enumerable.Range(0, plan.Kernel)
                .Where(tap => Enumerable.Range(0, outputs).Any(y => (y * plan.Stride) - plan.Padding + tap is var input && input >= 0 && input < side))
                .ToArray();
            return new(met[0], met[^1] - met[0] + 1, plan.Padding - met[0]);
        }
    }
}
