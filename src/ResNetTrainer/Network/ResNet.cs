using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>The network as it is trained: master weights in float32, convolutions in the given precision.</summary>
/// <remarks>
/// Owns its tensors: they belong to no dispose scope, and <see cref="Dispose"/> frees them. Not thread-safe.
/// </remarks>
internal sealed class ResNet : IDisposable
{
    private readonly ConvolutionLayer _stem;
    private readonly ResidualBlock[] _blocks;
    private readonly Dictionary<string, NetworkTensor> _tensors = [];
    private bool _stemIsFrozen;
    private int _frozenBlocks;

    private ResNet(NetworkPlan plan, int height, int width, ScalarType precision, Func<TensorPlan, Tensor> create)
    {
        // What is left over from making a tensor goes with the scope; the tensors themselves leave it.
        using var scope = NewDisposeScope();
        Plan = plan;
        Precision = precision;
        var taps = Taps.Of(plan, height, width);
        var cropped = taps.Where(pair => !pair.Value.AreAll(pair.Key)).ToDictionary(pair => pair.Key.Weight, pair => pair.Value);
        foreach (var tensor in plan.Tensors)
        {
            Taps? met = cropped.TryGetValue(tensor.Name, out var part) ? part : null;
            _tensors.Add(tensor.Name, new(tensor, create(tensor), precision, met));
        }

        _stem = new(plan.Stem, taps[plan.Stem], _tensors);
        _blocks = [.. plan.Blocks.Select(block => new ResidualBlock(block, taps, _tensors))];
    }

    public NetworkPlan Plan { get; }

    /// <summary>What the convolutions compute in.</summary>
    public ScalarType Precision { get; }

    public IReadOnlyDictionary<string, NetworkTensor> Tensors => _tensors;

    /// <summary>What is trained.</summary>
    public IEnumerable<NetworkTensor> Parameters => _tensors.Values.Where(tensor => tensor.Compute.requires_grad);

    /// <summary>A network with fresh weights, for pictures of one size.</summary>
    public static ResNet Create(
        NetworkPlan plan, int height, int width, Initialisation initialisation, long seed, Device device, ScalarType precision)
    {
        using var generator = new Generator((ulong)seed);
        return new(plan, height, width, precision, tensor => initialisation.Create(tensor, plan, generator).to(device));
    }

    /// <summary>A network with given weights, for pictures of one size.</summary>
    public static ResNet Create(NetworkPlan plan, int height, int width, NetworkWeights weights, Device device, ScalarType precision) =>
        new(plan, height, width, precision, tensor => TensorCopy.Of(weights.Tensors[tensor.Name].Data, tensor.Shape, device));

    /// <summary>Pictures (batch, channels, height, width) in [0, 1] to logits (batch, classes), both float32.</summary>
    /// <param name="pictures">The pictures; not disposed.</param>
    /// <param name="training">Normalise with the batch's own statistics, and let them update the running ones.</param>
    public Tensor Forward(Tensor pictures, bool training)
    {
        // What is not needed any more goes at once: the backward pass keeps what it needs, and lets go of it as it comes along.
        using var scope = NewDisposeScope();
        var x = Stem(pictures, training);
        for (var i = 0; i < _blocks.Length; i++)
        {
            using var input = x;
            x = _blocks[i].Forward(input, training && i >= _frozenBlocks);
        }

        return Head(x).MoveToOuterDisposeScope();
    }

    /// <summary>The output of each part of the network (stem, stages, pooling, linear layer), as the chapter's table lists it.</summary>
    public IEnumerable<(string Layer, long[] Shape)> Trace(Tensor pictures)
    {
        var x = Stem(pictures, training: false);
        yield return ("stem", x.shape);

        var first = 0;
        foreach (var depth in Plan.Architecture.Depths.ToArray())
        {
            foreach (var block in _blocks.AsSpan(first, depth).ToArray())
            {
                x = block.Forward(x, training: false);
            }

            first += depth;
            yield return ("stage", x.shape);
        }

        x = functional.adaptive_avg_pool2d(x, 1);
        yield return ("global average pooling", x.shape);
        x = x.flatten(1);
        yield return ("flatten", x.shape);
        yield return ("linear", [x.shape[0], Plan.Classes]);
    }

    /// <summary>
    /// Leaves the stem and the first stages as they are: their weights are not trained, and they normalise with their running statistics.
    /// </summary>
    /// <param name="stages">0 freezes the stem alone; 4 leaves only the linear layer to be trained.</param>
    public void Freeze(int stages)
    {
        _stemIsFrozen = true;
        _frozenBlocks = Plan.Architecture.Depths.ToArray().Take(stages).Sum();
        var frozen = Plan.Blocks.Take(_frozenBlocks).SelectMany(block => block.Convolutions).Prepend(Plan.Stem)
            .SelectMany(convolution => convolution.Tensors).Select(tensor => tensor.Name);
        foreach (var name in frozen)
        {
            _tensors[name].Compute.requires_grad = false;
        }
    }

    /// <summary>Takes over weights and running statistics.</summary>
    public void Import(NetworkWeights weights)
    {
        foreach (var (name, tensor) in _tensors)
        {
            tensor.Import(weights.Tensors[name].Data);
        }
    }

    public NetworkWeights Export()
    {
        var weights = new NetworkWeights();
        foreach (var (name, tensor) in _tensors)
        {
            weights.Add(name, tensor.Plan.Shape, tensor.Export());
        }

        return weights;
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }

    private Tensor Stem(Tensor pictures, bool training)
    {
        using var scope = NewDisposeScope();
        var x = _stem.Forward(pictures.to_type(Precision), training && !_stemIsFrozen).relu_();
        return functional.max_pool2d(x, kernel_size: 3, stride: 2, padding: 1).MoveToOuterDisposeScope();
    }

    private Tensor Head(Tensor x) =>
        functional.linear(
            functional.adaptive_avg_pool2d(x, 1).flatten(1).to_type(ScalarType.Float32),
            _tensors["fc.weight"].Master,
            _tensors["fc.bias"].Master);
}
