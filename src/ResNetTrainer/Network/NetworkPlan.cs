using System.Diagnostics.CodeAnalysis;
using ResNetMLNet.Formats;

namespace ResNetMLNet.Network;

/// <summary>
/// A residual network written out for images of one shape: its parts, its tensors and its one forward pass, to the logits of a number of
/// classes or, without the linear layer, to the features that it would see.
/// Training, folded scoring, ONNX export and shape inference are interpreters of <see cref="Run"/>; nothing here is native.
/// </summary>
internal sealed class NetworkPlan
{
    private readonly Lazy<ShapeInference> _shapes;
    private readonly Lazy<Dictionary<ConvolutionPlan, KernelWindow>> _windows;

    /// <param name="architecture">The network.</param>
    /// <param name="input">The images that it sees.</param>
    /// <param name="classes">The number of classes; null leaves out the linear layer.</param>
    public NetworkPlan(ResNetArchitecture architecture, ImageShape input, int? classes)
    {
        (Architecture, Input, Classes) = (architecture, input, classes);
        var (kernel, halving) = architecture.Stem == ResNetStem.Large ? (7, 2) : (3, 1);
        Stem = new("conv1", input.Channels, architecture.Width, kernel, halving) { Normalisation = new("bn1", architecture.Width) };
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

        Closing = architecture.PreActivation ? new("norm", channels) : null;
        Features = channels;
        Head = classes is { } outputs ? new(channels, outputs) : null;
        _shapes = new(() => ShapeInference.Of(this));
        _windows = new(() =>
            Inputs.ToDictionary(input => input.Key, input => KernelWindow.Of(input.Key, (int)input.Value[1], (int)input.Value[2])));
    }

    public ResNetArchitecture Architecture { get; }

    /// <summary>The shape of the images that the network sees.</summary>
    public ImageShape Input { get; }

    public int? Classes { get; }

    /// <summary>What is done to the images first; null for nothing.</summary>
    public PixelStatistics? Statistics { get; init; }

    public ConvolutionPlan Stem { get; }

    /// <summary>The blocks, stage by stage.</summary>
    public BlockPlan[][] Stages { get; }

    /// <summary>The normalisation behind the last stage, where they stand before the convolutions.</summary>
    public NormalisationPlan? Closing { get; }

    /// <summary>The number of features of an image: the channels of the last stage.</summary>
    public int Features { get; }

    /// <summary>The linear layer; null where features are what the network is for.</summary>
    public LinearPlan? Head { get; }

    /// <summary>The number of values that the network makes of an image.</summary>
    public int Outputs => Head?.Outputs ?? Features;

    public IEnumerable<BlockPlan> Blocks => Stages.SelectMany(stage => stage);

    public IEnumerable<ConvolutionPlan> Convolutions => Blocks.SelectMany(block => block.Convolutions).Prepend(Stem);

    /// <summary>The normalisations that stand behind no convolution, so that they cannot be folded into one.</summary>
    public IEnumerable<NormalisationPlan> Unfolded => Blocks.Select(block => block.Opening).Append(Closing).OfType<NormalisationPlan>();

    /// <summary>Every tensor of the network under its name in PyTorch, in PyTorch's order of layers.</summary>
    public IEnumerable<TensorPlan> Tensors =>
        [.. Stem.Tensors, .. Blocks.SelectMany(block => block.Tensors), .. Closing?.Tensors ?? [], .. Head?.Tensors ?? []];

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
    public NetworkPlan For(ImageShape input) => new(Architecture, input, Classes) { Statistics = Statistics };

    /// <summary>The forward pass, from images to logits, or to features where there is no linear layer.</summary>
    public T Run<T>(ILayers<T> layers, T images) =>
        Head is null ? Featurize(layers, images) : Classify(layers, Head, Featurize(layers, images));

    /// <summary>The forward pass from images to features: what the linear layer sees.</summary>
    public T Featurize<T>(ILayers<T> layers, T images) => Pool(layers, Maps(layers, images));

    /// <summary>The forward pass from images to what the last stage makes of them: (channels, height, width).</summary>
    public T Maps<T>(ILayers<T> layers, T images)
    {
        var x = Statistics is null ? images : layers.Part(null, images, x => layers.Standardise(Statistics, x));
        x = layers.Part("stem", x, x => Pooled(layers, layers.Relu(layers.Convolution(Stem, x))));
        foreach (var stage in Stages)
        {
            x = layers.Part("stage", x, x => stage.Aggregate(x, (x, block) => layers.Part(null, x, x => Residual(layers, block, x))));
        }

        return Closing is null ? x : layers.Part(null, x, x => layers.Relu(layers.Normalise(Closing, x)));
    }

    /// <summary>The forward pass from what the last stage made of images to features.</summary>
    public T Pool<T>(ILayers<T> layers, T maps) =>
        layers.Part("flatten", layers.Part("global average pooling", maps, layers.GlobalAveragePool), layers.Flatten);

    /// <summary>The forward pass from features to logits.</summary>
    public static T Classify<T>(ILayers<T> layers, LinearPlan head, T features) =>
        layers.Part("linear", features, x => layers.Linear(head, x));

    /// <summary>
    /// Says in words why tensors cannot be the network's, if they cannot: they differ in names or shapes, have values that are not finite,
    /// or negative variances.
    /// </summary>
    public bool Rejects(NamedTensors weights, [NotNullWhen(true)] out string? problem)
    {
        var variances = Tensors.Where(tensor => tensor.Role == TensorRole.RunningVariance);
        problem = DifferenceOf(weights)
            ?? (weights.FirstNotFinite() is { } name ? $"the tensor '{name}' has values that are not finite"
                : variances.FirstOrDefault(tensor => weights.Tensors[tensor.Name].Data.Any(value => value < 0)) is { } negative
                    ? $"the tensor '{negative.Name}' has negative values, which variances cannot have"
                : null);
        return problem is not null;
    }

    private string? DifferenceOf(NamedTensors weights)
    {
        var expected = Tensors.ToDictionary(tensor => tensor.Name);
        return
            expected.Keys.FirstOrDefault(name => !weights.Tensors.ContainsKey(name)) is { } missing ? $"the tensor '{missing}' is missing" :
            weights.Tensors.Keys.FirstOrDefault(name => !expected.ContainsKey(name)) is { } extra
                ? $"there is a tensor '{extra}' that the network does not have" :
            expected.Values.FirstOrDefault(tensor => !weights.Tensors[tensor.Name].Shape.SequenceEqual(tensor.Shape)) is { } misshapen
                ? $"the tensor '{misshapen.Name}' has the shape {weights.Tensors[misshapen.Name].ShapeText} where the network "
                    + $"has {misshapen.ShapeText}" :
            null;
    }

    private T Pooled<T>(ILayers<T> layers, T x) => Architecture.Stem == ResNetStem.Large ? layers.MaxPool(x) : x;

    // ReLU after every convolution of the path but the last. Where normalisation and ReLU stand before the convolutions, they are the
    // block's first step, which a convolution on the skip path shares; else there is a ReLU after the sum.
    private T Residual<T>(ILayers<T> layers, BlockPlan block, T x)
    {
        var seen = block.Opening is null ? x : layers.Relu(layers.Normalise(block.Opening, x));
        var y = layers.Convolution(block.Path[0], seen);
        foreach (var convolution in block.Path.Skip(1))
        {
            y = layers.Convolution(convolution, layers.Relu(y));
        }

        var skip = block.Skip is not null ? layers.Convolution(block.Skip, seen)
            : block.Pads ? layers.Pad(block, x)
            : x;
        var sum = layers.Add(y, skip);
        return Architecture.PreActivation ? sum : layers.Relu(sum);
    }

    private BlockPlan Block(string name, int inputs, int stage, int stride)
    {
        var (planes, pre) = (Architecture.Width << stage, Architecture.PreActivation);
        var (inner, outputs) = (planes * Architecture.WidthFactor, planes * Architecture.Expansion);
        (int Kernel, int Outputs, int Stride, int Groups)[] layers = Architecture.Block == ResNetBlock.Basic
            ? [(3, planes, stride, 1), (3, planes, 1, 1)]
            : [(1, inner, 1, 1), (3, inner, stride, Architecture.Groups), (1, outputs, 1, 1)];

        var path = new List<ConvolutionPlan>();
        foreach (var layer in layers)
        {
            var number = path.Count + 1;
            var isLast = number == layers.Length;
            path.Add(new($"{name}.conv{number}", path.Count == 0 ? inputs : path[^1].Outputs, layer.Outputs, layer.Kernel, layer.Stride)
            {
                Normalisation = pre && isLast
                    ? null
                    : new($"{name}.bn{(pre ? number + 1 : number)}", layer.Outputs) { ClosesPath = isLast },
                IsBiased = !pre,
                Groups = layer.Groups,
            });
        }

        var (changes, pads) = (stride != 1 || inputs != outputs, Architecture.Skip == ResNetSkip.ZeroPadding);
        var skip = !changes || pads ? null : new ConvolutionPlan($"{name}.downsample.0", inputs, outputs, Kernel: 1, stride)
        {
            Normalisation = Architecture.Skip == ResNetSkip.NormalizedConvolution && !pre ? new($"{name}.downsample.1", outputs) : null,
            IsBiased = !pre,
        };

        // The stem's normalisation and ReLU are the first block's own.
        var opening = pre && name != "layer1.0" ? new NormalisationPlan($"{name}.bn1", inputs) : null;
        return new(opening, [.. path], skip, Pads: changes && pads);
    }
}

/// <summary>A residual block.</summary>
/// <param name="Opening">The normalisation before both paths, if any.</param>
/// <param name="Path">The convolutions of its path.</param>
/// <param name="Skip">The convolution of its skip path where the shape changes.</param>
/// <param name="Pads">Whether zeros are padded there instead.</param>
internal sealed record BlockPlan(NormalisationPlan? Opening, ConvolutionPlan[] Path, ConvolutionPlan? Skip, bool Pads)
{
    public int Inputs => Path[0].Inputs;

    public int Outputs => Path[^1].Outputs;

    public int Stride => Path.Max(convolution => convolution.Stride);

    public IEnumerable<ConvolutionPlan> Convolutions => Skip is null ? Path : Path.Append(Skip);

    public IEnumerable<TensorPlan> Tensors => [.. Opening?.Tensors ?? [], .. Convolutions.SelectMany(convolution => convolution.Tensors)];
}
