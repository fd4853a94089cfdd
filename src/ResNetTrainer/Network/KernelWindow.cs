namespace ResNetMLNet.Network;

/// <summary>
/// The part of a convolution's kernel that ever meets the image. On small images the last stages see so few pixels that
/// the rest of the kernel only ever meets the padding: of a 3x3 kernel on a single pixel, all but the middle. That rest
/// contributes nothing and gets no gradient, so training leaves it out: for 28x28 images, two thirds of ResNet-18's weights.
/// </summary>
internal readonly record struct KernelWindow(KernelWindow.Range Vertical, KernelWindow.Range Horizontal)
{
    /// <summary>The window of a convolution that sees an image of this size.</summary>
    public static KernelWindow Of(ConvolutionPlan plan, int height, int width) => new(Range.Of(plan, height), Range.Of(plan, width));

    public bool IsWhole(ConvolutionPlan plan) => Vertical.Count == plan.Kernel && Horizontal.Count == plan.Kernel;

    /// <summary>A range of the kernel along one side: the first, how many, and the padding that is left for them.</summary>
    internal readonly record struct Range(int First, int Count, int Padding)
    {
        public static Range Of(ConvolutionPlan plan, int side)
        {
            // Output y meets input y * stride - padding + offset, where that is inside the image.
            var outputs = (int)ShapeInference.Strided(side, plan.Stride);
            var met = Enumerable.Range(0, plan.Kernel)
                .Where(at =>
                    Enumerable.Range(0, outputs).Any(y => (y * plan.Stride) - plan.Padding + at is var input && input >= 0 && input < side))
                .ToArray();
            return new(met[0], met[^1] - met[0] + 1, plan.Padding - met[0]);
        }
    }
}
