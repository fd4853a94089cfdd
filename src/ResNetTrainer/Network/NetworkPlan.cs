using System.Diagnostics.CodeAnalysis;
using ResNetMLNet.Formats;

namespace ResNetMLNet.Network;

/// <summary>
/// A residual network written out for images of one shape and a number of classes: its parts, its tensors and its one forward pass.
/// Training, folded scoring, ONNX export and shape inference are interpreters of <see cref="Run"/>; nothing here is native.
/// </summary>
internal sealed class NetworkPlan
{
    private readonly Lazy<ShapeInference> _shapes;
    private readonly Lazy<Dictionary<ConvolutionPlan, KernelWindow>> _windows;

    public NetworkPlan(ResNetArchitecture architecture, ImageShape input, int classes)
    {
        (Architecture, Input, Classes) = (architecture, input, classes);
        Stem = new("conv1", input.Channels, architecture.Width, Kernel: 7, Stride: 2) { Normalisation = new("bn1", architecture.Width) };
        var channels = architecture.Width;
        Stages = [.. architecture.Depths.ToArray().Select((depth, stage) => new BlockPlan[depth])];
        for (var stage = 0; stage < Stages.Length; stage++)
        {
            for (var index = 0; index < Stages[stage].Length; index++)
            {
                // Every stage but the first halves the image with its first block.
                var block = Block($"layer{stage + 1}.{index}", channels, stage, stride: stage > 0 && index == 0 ? 2 : 1);
                Stages[stage][index] = block;
                channels = block.Outputs;
            }
        }

        Head = new("fc", channels, classes);
        _shapes = new(() => ShapeInference.Of(this));
        _windows = new(() => Inputs.ToDictionary(input => input.Key, input => KernelWindow.Of(input.Key, (int)input.Value[1], (int)input.Value[2])));
    }

    public ResNetArchitecture Architecture { get; }

    /// <summary>The shape of the images that the network sees.</summary>
    public ImageShape Input { get; }

    public int Classes { get; }

    public ConvolutionPlan Stem { get; }

    /// <summary>The blocks, stage by stage.</summary>
    public BlockPlan[][] Stages { get; }

    public LinearPlan Head { get; }

    public IEnumerable<ConvolutionPlan> Convolutions => Stages.SelectMany(stage => stage).SelectMany(block => block.Convolutions).Prepend(Stem);

    /// <summary>Every tensor of the network under its name in PyTorch, in PyTorch's order of layers.</summary>
    public IEnumerable<TensorPlan> Tensors => Convolutions.SelectMany(convolution => convolution.Tensors).Concat([Head.Weight, Head.Bias]);

    /// <summary>The bytes that the values of all tensors take.</summary>
    public long ByteCount => Tensors.Sum(tensor => tensor.Count * sizeof(float));

    public long ParameterCount => Tensors.Where(tensor => tensor.IsParameter).Sum(tensor => tensor.Count);

    /// <summary>Each named part of the network with the shape, without the batch, of what it puts out.</summary>
    public IReadOnlyList<(string Name, long[] Shape)> Parts => _shapes.Value.Parts;

    /// <summary>The shape, without the batch, of what each convolution sees.</summary>
    public IReadOnlyDictionary<ConvolutionPlan, long[]> Inputs => _shapes.Value.Inputs;

    /// <summary>The part of each convolution's kernel that meets the image.</summary>
    public IReadOnlyDictionary<ConvolutionPlan, KernelWindow> Windows => _windows.Value;

    /// <summary>The same network for images of another size.</summary>
    public NetworkPlan For(ImageShape input) => new(Architecture, input, Classes);

    /// <summary>The forward pass, from images to logits.</summary>
    public T Run<T>(ILayers<T> layers, T images)
    {
        var x = layers.Part("stem", images, x => layers.MaxPool(layers.Relu(layers.Convolution(Stem, x))));
        foreach (var stage in Stages)
        {
            x = layers.Part("stage", x, x => stage.Aggregate(x, (x, block) => layers.Part(null, x, x => Residual(layers, block, x))));
        }

        x = layers.Part("global average pooling", x, layers.GlobalAveragePool);
        x = layers.Part("flatten", x, layers.Flatten);
        return layers.Part("linear", x, x => layers.Linear(Head, x));
    }

    /// <summary>Says in words how tensors differ from the network's, if they do.</summary>
    public bool Differs(NamedTensors weights, [NotNullWhen(true)] out string? difference)
    {
        var expected = Tensors.ToDictionary(tensor => tensor.Name);
        difference =
            expected.Keys.FirstOrDefault(name => !weights.Tensors.ContainsKey(name)) is { } missing ? $"the tensor '{missing}' is missing" :
            weights.Tensors.Keys.FirstOrDefault(name => !expected.ContainsKey(name)) is { } extra
                ? $"there is a tensor '{extra}' that the network does not have" :
            expected.Values.FirstOrDefault(tensor => !weights.Tensors[tensor.Name].Shape.SequenceEqual(tensor.Shape)) is { } misshapen
                ? $"the tensor '{misshapen.Name}' has the shape {weights.Tensors[misshapen.Name].ShapeText} where the network has {misshapen.ShapeText}" :
            null;
        return difference is not null;
    }

    // ReLU after every convolution of the path but the last, and after the sum with the skip path.
    private static T Residual<T>(ILayers<T> layers, BlockPlan block, T x)
    {
        var y = layers.Convolution(block.Path[0], x);
        foreach (var convolution in block.Path.Skip(1))
        {
            y = layers.Convolution(convolution, layers.Relu(y));
        }

        return layers.Relu(layers.Add(y, block.Skip is null ? x : layers.Convolution(block.Skip, x)));
    }

    private BlockPlan Block(string name, int inputs, int stage, int stride)
    {
        var planes = Architecture.Width << stage;
        var outputs = planes * Architecture.Expansion;
        (int Kernel, int Outputs, int Stride)[] layers = Architecture.Block == ResNetBlock.Basic
            ? [(3, planes, stride), (3, planes, 1)]
            : [(1, planes, 1), (3, planes, stride), (1, outputs, 1)];

        var path = new List<ConvolutionPlan>();
        foreach (var layer in layers)
        {
            var number = path.Count + 1;
            path.Add(new($"{name}.conv{number}", path.Count == 0 ? inputs : path[^1].Outputs, layer.Outputs, layer.Kernel, layer.Stride)
            {
                Normalisation = new($"{name}.bn{number}", layer.Outputs) { ClosesPath = number == layers.Length },
            });
        }

        var skip = stride == 1 && inputs == outputs ? null : new ConvolutionPlan($"{name}.downsample.0", inputs, outputs, Kernel: 1, stride)
        {
            Normalisation = Architecture.Skip == ResNetSkip.NormalizedConvolution ? new($"{name}.downsample.1", outputs) : null,
        };
        return new([.. path], skip);
    }
}

/// <summary>A residual block: the convolutions of its path, and that of its skip path where the shape changes.</summary>
internal sealed record BlockPlan(ConvolutionPlan[] Path, ConvolutionPlan? Skip)
{
    public int Outputs => Path[^1].Outputs;

    public IEnumerable<ConvolutionPlan> Convolutions => Skip is null ? Path : Path.Append(Skip);
}

/// <summary>
/// A convolution, padded so that stride 1 keeps the image's size, and the batch normalisation behind it. Where there
/// is one, the convolution has no bias: the chapter's convolutions do have it, but the normalisation subtracts the
/// mean of each channel and so cancels it exactly, in training (its gradient is zero) and in evaluation.
/// </summary>
internal sealed record ConvolutionPlan(string Name, int Inputs, int Outputs, int Kernel, int Stride)
{
    public NormalisationPlan? Normalisation { get; init; }

    public int Padding => Kernel / 2;

    public TensorPlan Weight => new($"{Name}.weight", TensorRole.ConvolutionWeight, [Outputs, Inputs, Kernel, Kernel])
    {
        FanIn = Inputs * Kernel * Kernel,
        FanOut = Outputs * Kernel * Kernel,
    };

    public TensorPlan? Bias => Normalisation is null ? new($"{Name}.bias", TensorRole.ConvolutionBias, [Outputs]) { FanIn = Weight.FanIn } : null;

    public IEnumerable<TensorPlan> Tensors => Normalisation is null ? [Weight, Bias!] : Normalisation.Tensors.Prepend(Weight);
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
}

/// <summary>The linear layer that makes logits of features.</summary>
internal sealed record LinearPlan(string Name, int Inputs, int Outputs)
{
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

    public long Count => Shape.Aggregate(1L, (count, size) => count * size);

    public string ShapeText => $"({string.Join(", ", Shape)})";

    /// <summary>Trained by gradients, as opposed to a running statistic.</summary>
    public bool IsParameter => Role is not (TensorRole.RunningMean or TensorRole.RunningVariance);

    /// <summary>Biases and normalisation are not decayed.</summary>
    public bool IsDecayed => Role is TensorRole.ConvolutionWeight or TensorRole.LinearWeight;
}
