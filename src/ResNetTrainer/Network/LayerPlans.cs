namespace ResNetMLNet.Network;

/// <summary>
/// A convolution, padded so that stride 1 keeps the image's size, and the batch normalisation behind it. Where there
/// is one, the convolution has no bias: the chapter's convolutions do have it, but the normalisation subtracts the
/// mean of each channel and so cancels it exactly, in training (its gradient is zero) and in evaluation.
/// </summary>
internal sealed record ConvolutionPlan(string Name, int Inputs, int Outputs, int Kernel, int Stride)
{
    public NormalisationPlan? Normalisation { get; init; }

    /// <summary>Whether it has a bias where there is no normalisation behind it.</summary>
    public bool IsBiased { get; init; } = true;

    /// <summary>Groups of channels that only see each other.</summary>
    public int Groups { get; init; } = 1;

    public int Padding => Kernel / 2;

    public TensorPlan Weight => new($"{Name}.weight", TensorRole.ConvolutionWeight, [Outputs, Inputs / Groups, Kernel, Kernel])
    {
        FanIn = Inputs / Groups * Kernel * Kernel,
        FanOut = Outputs * Kernel * Kernel,
        Groups = Groups,
    };

    public TensorPlan? Bias => Normalisation is null && IsBiased
        ? new($"{Name}.bias", TensorRole.ConvolutionBias, [Outputs]) { FanIn = Weight.FanIn }
        : null;

    public IEnumerable<TensorPlan> Tensors => [Weight, .. Normalisation?.Tensors ?? [], .. Bias is { } bias ? [bias] : (TensorPlan[])[]];
}

/// <summary>A batch normalisation.</summary>
internal sealed record NormalisationPlan(string Name, int Channels)
{
    // PyTorch's defaults.
    public const double Epsilon = 1e-5;
    public const double Momentum = 0.1;

    /// <summary>Whether it is the last of a block's path.</summary>
    public bool ClosesPath { get; init; }

    public TensorPlan Scale => new($"{Name}.weight", ClosesPath ? TensorRole.ClosingScale : TensorRole.Scale, [Channels]);

    public TensorPlan Shift => new($"{Name}.bias", TensorRole.Shift, [Channels]);

    public TensorPlan RunningMean => new($"{Name}.running_mean", TensorRole.RunningMean, [Channels]);

    public TensorPlan RunningVariance => new($"{Name}.running_var", TensorRole.RunningVariance, [Channels]);

    public IEnumerable<TensorPlan> Tensors => [Scale, Shift, RunningMean, RunningVariance];

    /// <summary>
    /// The same of a variance that is less than nothing, but not with epsilon: it is 0 then, and the rest is the scale's.
    /// </summary>
    public static (double Scale, double Variance) NotNegative(double scale, double variance) => variance < 0 && variance + Epsilon > 0
        ? (scale * Math.Sqrt(Epsilon / (variance + Epsilon)), 0)
        : (scale, variance);
}

/// <summary>The linear layer that makes logits of features.</summary>
internal sealed record LinearPlan(int Inputs, int Outputs)
{
    public const string Name = "fc";

    public IEnumerable<TensorPlan> Tensors => [Weight, Bias];

    /// <summary>Whether a tensor of that name is the linear layer's.</summary>
    public static bool IsOf(string tensor) => tensor is $"{Name}.weight" or $"{Name}.bias";

    public TensorPlan Weight => new($"{Name}.weight", TensorRole.LinearWeight, [Outputs, Inputs]) { FanIn = Inputs, FanOut = Outputs };

    public TensorPlan Bias => new($"{Name}.bias", TensorRole.LinearBias, [Outputs]) { FanIn = Inputs };
}

/// <summary>What a tensor is for, which decides how it is initialised and trained.</summary>
internal enum TensorRole
{
    ConvolutionWeight,
    ConvolutionBias,
    LinearWeight,
    LinearBias,
    Scale,

    /// <summary>The scale of the last normalisation of a block's path.</summary>
    ClosingScale,
    Shift,
    RunningMean,
    RunningVariance,
}

internal sealed record TensorPlan(string Name, TensorRole Role, long[] Shape)
{
    /// <summary>The values that each output of its layer is computed from.</summary>
    public int FanIn { get; init; }

    /// <summary>The outputs that each input of its layer contributes to.</summary>
    public int FanOut { get; init; }

    /// <summary>The groups of its convolution, between which nothing passes.</summary>
    public int Groups { get; init; } = 1;

    public long Count => Shape.Aggregate(1L, (count, size) => count * size);

    public string ShapeText => $"({string.Join(", ", Shape)})";

    /// <summary>Trained by gradients, as opposed to a running statistic.</summary>
    public bool IsParameter => Role is not (TensorRole.RunningMean or TensorRole.RunningVariance);

    /// <summary>Of the linear layer.</summary>
    public bool IsHead => Role is TensorRole.LinearWeight or TensorRole.LinearBias;

    /// <summary>Biases and normalisation are not decayed.</summary>
    public bool IsDecayed => Role is TensorRole.ConvolutionWeight or TensorRole.LinearWeight;
}
