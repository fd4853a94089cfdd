namespace ResNetMLNet.Network;

/// <summary>
/// An architecture written out layer by layer for a number of channels and classes. Everything that walks through a
/// network (building, checking a file's tensors, folding, exporting) walks through this; nothing here is native.
/// </summary>
internal sealed class NetworkPlan
{
    public NetworkPlan(ResNetArchitecture architecture, int channels, int classes)
    {
        Architecture = architecture;
        Channels = channels;
        Classes = classes;
        Stem = new("conv1", "bn1", channels, architecture.Width, Kernel: 7, Stride: 2);

        var width = architecture.Width;
        var depths = architecture.Depths.ToArray();
        for (var stage = 0; stage < depths.Length; stage++)
        {
            var planes = architecture.Width << stage;
            for (var block = 0; block < depths[stage]; block++)
            {
                var stride = stage > 0 && block == 0 ? 2 : 1;
                Blocks.Add(PlanBlock(architecture, stage + 1, block, width, planes, stride));
                width = planes * architecture.Expansion;
            }
        }

        Features = width;
    }

    public ResNetArchitecture Architecture { get; }

    public int Channels { get; }

    public int Classes { get; }

    public ConvolutionPlan Stem { get; }

    public List<BlockPlan> Blocks { get; } = [];

    /// <summary>The channels that the linear layer sees.</summary>
    public int Features { get; }

    public IEnumerable<ConvolutionPlan> Convolutions =>
        Blocks.SelectMany(block => block.Convolutions).Prepend(Stem);

    /// <summary>Every tensor of the network under its name in PyTorch, in PyTorch's order of layers.</summary>
    public IEnumerable<TensorPlan> Tensors =>
        Convolutions.SelectMany(convolution => convolution.Tensors).Concat(
        [
            new TensorPlan("fc.weight", TensorRole.LinearWeight, [Classes, Features]),
            new TensorPlan("fc.bias", TensorRole.Bias, [Classes]),
        ]);

    public long ParameterCount => Tensors.Where(tensor => tensor.IsParameter).Sum(tensor => tensor.Count);

    private static BlockPlan PlanBlock(ResNetArchitecture architecture, int stage, int block, int width, int planes, int stride)
    {
        var name = $"layer{stage}.{block}";
        var outputs = planes * architecture.Expansion;
        ConvolutionPlan[] path = architecture.Block == ResNetBlock.Basic
            ?
            [
                new($"{name}.conv1", $"{name}.bn1", width, planes, Kernel: 3, stride),
                new($"{name}.conv2", $"{name}.bn2", planes, planes, Kernel: 3, Stride: 1),
            ]
            :
            [
                new($"{name}.conv1", $"{name}.bn1", width, planes, Kernel: 1, Stride: 1),
                new($"{name}.conv2", $"{name}.bn2", planes, planes, Kernel: 3, stride),
                new($"{name}.conv3", $"{name}.bn3", planes, outputs, Kernel: 1, Stride: 1),
            ];

        if (stride == 1 && width == outputs)
        {
            return new(path, Skip: null);
        }

        var normalisation = architecture.Skip == ResNetSkip.NormalizedConvolution ? $"{name}.downsample.1" : null;
        return new(path, new($"{name}.downsample.0", normalisation, width, outputs, Kernel: 1, stride));
    }
}

/// <summary>A residual block: ReLU after every convolution of the path but the last, and after the sum with the skip path.</summary>
internal sealed record BlockPlan(ConvolutionPlan[] Path, ConvolutionPlan? Skip)
{
    public IEnumerable<ConvolutionPlan> Convolutions => Skip is null ? Path : Path.Append(Skip);
}

/// <summary>
/// A convolution, padded so that stride 1 keeps the picture's size, and the batch normalisation behind it. Where there
/// is one, the convolution has no bias: the chapter's convolutions do have it, but the normalisation subtracts the
/// mean of each channel and so cancels it exactly, in training (its gradient is zero) and in evaluation.
/// </summary>
internal sealed record ConvolutionPlan(string Name, string? Normalisation, int Inputs, int Outputs, int Kernel, int Stride)
{
    public int Padding => Kernel / 2;

    public bool HasBias => Normalisation is null;

    public string Weight => $"{Name}.weight";

    public string Bias => $"{Name}.bias";

    public IEnumerable<TensorPlan> Tensors
    {
        get
        {
            yield return new(Weight, TensorRole.ConvolutionWeight, [Outputs, Inputs, Kernel, Kernel]);
            if (Normalisation is null)
            {
                yield return new(Bias, TensorRole.Bias, [Outputs]);
                yield break;
            }

            yield return new($"{Normalisation}.weight", TensorRole.Scale, [Outputs]);
            yield return new($"{Normalisation}.bias", TensorRole.Shift, [Outputs]);
            yield return new($"{Normalisation}.running_mean", TensorRole.RunningMean, [Outputs]);
            yield return new($"{Normalisation}.running_var", TensorRole.RunningVariance, [Outputs]);
        }
    }
}

/// <summary>What a tensor is for, which decides how it is initialised and trained.</summary>
internal enum TensorRole
{
    ConvolutionWeight,
    LinearWeight,
    Bias,
    Scale,
    Shift,
    RunningMean,
    RunningVariance,
}

internal sealed record TensorPlan(string Name, TensorRole Role, long[] Shape)
{
    public long Count => Shape.Aggregate(1L, (count, size) => count * size);

    /// <summary>Trained by gradients, as opposed to a running statistic.</summary>
    public bool IsParameter => Role is not (TensorRole.RunningMean or TensorRole.RunningVariance);

    /// <summary>Biases and normalisation are not decayed.</summary>
    public bool IsDecayed => Role is TensorRole.ConvolutionWeight or TensorRole.LinearWeight;
}
