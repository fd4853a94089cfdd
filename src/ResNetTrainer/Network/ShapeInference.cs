namespace ResNetMLNet.Network;

/// <summary>
/// The network on shapes (channels, height, width) instead of images: what each part puts out and what each convolution sees.
/// </summary>
internal sealed class ShapeInference : ILayers<long[]>
{
    private readonly List<(string, long[])> _parts = [];
    private readonly Dictionary<ConvolutionPlan, long[]> _inputs = [];

    private ShapeInference()
    {
    }

    public IReadOnlyList<(string Name, long[] Shape)> Parts => _parts;

    public IReadOnlyDictionary<ConvolutionPlan, long[]> Inputs => _inputs;

    public static ShapeInference Of(NetworkPlan plan)
    {
        var inference = new ShapeInference();
        plan.Run(inference, [plan.Input.Channels, plan.Input.Height, plan.Input.Width]);
        return inference;
    }

    public long[] Part(string? name, long[] input, Func<long[], long[]> run)
    {
        var output = run(input);
        if (name is not null)
        {
            _parts.Add((name, output));
        }

        return output;
    }

    public long[] Standardise(PixelStatistics statistics, long[] x) => x;

    public long[] Convolution(ConvolutionPlan convolution, long[] x)
    {
        _inputs.Add(convolution, x);
        return [convolution.Outputs, Strided(x[1], convolution.Stride), Strided(x[2], convolution.Stride)];
    }

    public long[] Normalise(NormalisationPlan normalisation, long[] x) => x;

    public long[] Pad(BlockPlan block, long[] x) => [block.Outputs, Strided(x[1], block.Stride), Strided(x[2], block.Stride)];

    public long[] Relu(long[] x) => x;

    public long[] Add(long[] x, long[] skip) => x;

    public long[] MaxPool(long[] x) => [x[0], Strided(x[1], 2), Strided(x[2], 2)];

    public long[] GlobalAveragePool(long[] x) => [x[0], 1, 1];

    public long[] Flatten(long[] x) => [x[0] * x[1] * x[2]];

    public long[] Linear(LinearPlan linear, long[] x) => [linear.Outputs];

    /// <summary>What is left of a side: every layer is padded so that only its stride makes the image smaller.</summary>
    public static long Strided(long side, int stride) => (side + stride - 1) / stride;
}
