using ResNetMLNet.Distributed;
using ResNetMLNet.Formats;
using ResNetMLNet.Network.Convolutions;
using ResNetMLNet.Network.Convolutions.Winograd;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Network;

/// <summary>The network as it is trained: master weights in float32, convolutions in the given precision.</summary>
/// <remarks>
/// Owns its tensors: they belong to no dispose scope, and <see cref="Dispose"/> frees them. Not thread-safe.
/// </remarks>
internal sealed class TrainableNetwork : IDisposable
{
    private readonly Dictionary<string, NetworkTensor> _tensors = [];
    private readonly Layers _training;
    private readonly Layers _evaluation;

    private TrainableNetwork(NetworkPlan plan, ScalarType precision, Func<TensorPlan, Tensor> create)
    {
        // What is left over from making a tensor goes with the scope; the tensors themselves leave it.
        using var scope = NewDisposeScope();
        (Plan, Precision) = (plan, precision);
        (_training, _evaluation) = (new(this, training: true), new(this, training: false));
        var cropped = plan.Windows.Where(pair =>
            !pair.Value.IsWhole(pair.Key)).ToDictionary(pair => pair.Key.Weight.Name, pair => pair.Value);
        foreach (var tensor in plan.Tensors)
        {
            KernelWindow? window = cropped.TryGetValue(tensor.Name, out var met) ? met : null;
            _tensors.Add(tensor.Name, new(tensor, create(tensor), precision, window));
        }
    }

    public NetworkPlan Plan { get; }

    /// <summary>What the convolutions compute in.</summary>
    public ScalarType Precision { get; }

    public IReadOnlyDictionary<string, NetworkTensor> Tensors => _tensors;

    /// <summary>
    /// Whether training normalises with the statistics of each batch; else with the running ones, which then stay as they are.
    /// </summary>
    public bool NormalisesByBatch { get; set; } = true;

    /// <summary>
    /// Whether any normalisation uses the batch's own statistics in training; a single image has nothing to be normalised against.
    /// </summary>
    public bool SeesBatches => NormalisesByBatch && _tensors.Values.Any(tensor => !tensor.Plan.IsParameter && !tensor.IsFrozen);

    /// <summary>Whether <see cref="WinogradConvolution"/> computes what it suits.</summary>
    public bool UsesWinograd { get; set; }

    /// <summary>The processes over whose images training normalises together; null where each does it by itself.</summary>
    public ProcessGroup? NormalisesWith { get; set; }

    /// <summary>What is trained.</summary>
    public IEnumerable<NetworkTensor> Parameters => _tensors.Values.Where(tensor => tensor.IsTrained);

    /// <summary>A network with fresh weights.</summary>
    public static TrainableNetwork Create(NetworkPlan plan, Initialisation initialisation, long seed, Device device, ScalarType precision)
    {
        using var generator = new Generator((ulong)seed);
        var network = new TrainableNetwork(plan, precision, tensor => initialisation.Create(tensor, generator).to(device));
        foreach (var tensor in network._tensors.Values)
        {
            tensor.ClearUnmet();
        }

        return network;
    }

    /// <summary>A network with given weights.</summary>
    public static TrainableNetwork Create(NetworkPlan plan, NamedTensors weights, Device device, ScalarType precision) =>
        new(plan, precision, tensor => Network.Tensors.Copy(weights.Tensors[tensor.Name].Data, tensor.Shape, device));

    /// <summary>Images (batch, channels, height, width) in [0, 1] to logits (batch, classes), both float32.</summary>
    /// <param name="images">The images; not disposed.</param>
    /// <param name="training">Normalise with the batch's own statistics, and let them update the running ones.</param>
    public Tensor Forward(Tensor images, bool training)
    {
        using var scope = NewDisposeScope();
        return Plan.Run(training ? _training : _evaluation, images.alias()).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Images to features (batch, channels of the last stage, 1, 1), which <see cref="Classify"/> goes on from; in evaluation.
    /// </summary>
    /// <param name="images">The images; not disposed.</param>
    public Tensor Features(Tensor images)
    {
        using var scope = NewDisposeScope();
        return Plan.Featurize(_evaluation, images.alias()).unsqueeze(-1).unsqueeze(-1).MoveToOuterDisposeScope();
    }

    /// <summary>Features (batch, channels of the last stage, 1, 1) to logits (batch, classes).</summary>
    /// <param name="features">The features; not disposed.</param>
    public Tensor Classify(Tensor features)
    {
        using var scope = NewDisposeScope();
        return NetworkPlan.Classify(_evaluation, Plan.Head!, features.flatten(1)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Leaves the stem and the first stages as they are: their weights are not trained, and they normalise with their running statistics.
    /// </summary>
    /// <param name="stages">0 freezes the stem alone; all of them leave only the linear layer to be trained.</param>
    public void Freeze(int stages)
    {
        var blocks = Plan.Stages.Take(stages).SelectMany(stage => stage).SelectMany(block => block.Tensors);
        var closing = stages == Plan.Stages.Length ? Plan.Closing?.Tensors : null;
        foreach (var tensor in (TensorPlan[])[.. Plan.Stem.Tensors, .. blocks, .. closing ?? []])
        {
            _tensors[tensor.Name].Freeze();
        }
    }

    /// <summary>Takes over weights and running statistics.</summary>
    public void Import(NamedTensors weights)
    {
        foreach (var (name, tensor) in _tensors)
        {
            tensor.Import(weights.Tensors[name].Data);
        }
    }

    public NamedTensors Export()
    {
        var weights = new NamedTensors();
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

    // In the order in memory in which it is convolved soonest.
    private Tensor Laid(Tensor x, ConvolutionPlan convolution) =>
        UsesWinograd ? Network.Tensors.ChannelsLast(x) : ChannelOrder.For(x, convolution);

    private NetworkTensor this[TensorPlan tensor] => _tensors[tensor.Name];

    private sealed class Layers(TrainableNetwork network, bool training) : TensorLayers
    {
        public override Tensor Convolution(ConvolutionPlan convolution, Tensor x)
        {
            var weight = network[convolution.Weight];
            var bias = convolution.Bias is null ? null : network[convolution.Bias].Compute;
            x = network.Laid(x.to_type(network.Precision), convolution);
            var y = network.UsesWinograd && WinogradConvolution.Suits(x, weight.Compute, convolution)
                ? WinogradConvolution.Run(x, weight.Compute)
                : LibtorchConvolution.Run(x, weight.Compute, bias, convolution, network.Plan.Windows[convolution]);
            return convolution.Normalisation is { } normalisation ? Normalise(normalisation, y, training && weight.IsTrained) : y;
        }

        public override Tensor Normalise(NormalisationPlan normalisation, Tensor x) =>
            Normalise(normalisation, x, training && network[normalisation.Scale].IsTrained);

        public override Tensor Linear(LinearPlan linear, Tensor x) =>
            functional.linear(x.to_type(ScalarType.Float32), network[linear.Weight].Master, network[linear.Bias].Master);

        private Tensor Normalise(NormalisationPlan plan, Tensor x, bool byBatch)
        {
            var (mean, variance) = (network[plan.RunningMean].Master, network[plan.RunningVariance].Master);
            var (scale, shift) = (network[plan.Scale].Master, network[plan.Shift].Master);
            byBatch &= network.NormalisesByBatch;
            return byBatch && network.NormalisesWith is { } group
                ? SharedNormalisation.Run(group, x, (mean, variance, scale, shift))
                : functional.batch_norm(
                    x, mean, variance, scale, shift, byBatch, NormalisationPlan.Momentum, NormalisationPlan.Epsilon);
        }
    }
}
