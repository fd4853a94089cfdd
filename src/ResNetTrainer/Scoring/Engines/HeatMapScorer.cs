using ResNetMLNet.Native;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Scoring.Engines;

/// <summary>
/// Grad-CAM (Selvaraju et al., 2017) over the last stage, with libtorch. What follows that stage is a mean over its pixels and a linear
/// layer, so that the gradient of a logit by any pixel of a channel is that channel's weight, divided by the number of pixels: the map is
/// max(0, the sum of channels by their weights) up to a factor, without a backward pass (CAM, Zhou et al., 2016).
/// </summary>
internal sealed class HeatMapScorer : IScorer
{
    private static readonly Scalar _least = 1e-30.ToScalar();

    private readonly TrainedNetwork _network;
    private readonly int? _class;
    private readonly Device _device;
    private readonly FoldedNetwork _folded;

    /// <param name="network">The network.</param>
    /// <param name="class">The class to look for; null for each image's likeliest.</param>
    /// <param name="gpu">The GPU; null for the CPU.</param>
    public HeatMapScorer(TrainedNetwork network, int? @class, int? gpu)
    {
        TorchRuntime.EnsureLoaded();
        (_network, _class) = (network, @class);
        _device = DeviceSelector.ToDevice(gpu);
        _folded = new(network.Plan, network.Weights, _device);
    }

    public bool LeavesProcessorsFree => _device.type != DeviceType.CPU;

    public void Score(Memory<float> images, Memory<float> values)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var threads = NativeThreads.Use(null);
        using var tf32 = Tf32.Allow(_device, false);
        var shape = _network.Format.Shape;
        var x = Tensors.Copy(images.Span, shape, _device);
        var (maps, features) = _folded.ForwardWithMaps(x);
        var weights = _folded.HeadWeight.index_select(0, Classes(x, _folded.Classify(features))).unsqueeze(-1).unsqueeze(-1);
        var heat = (maps * weights).sum(1, keepdim: true).relu();
        heat = functional.interpolate(heat, [shape.Height, shape.Width], mode: InterpolationMode.Bilinear, align_corners: false);

        // Where nothing speaks for the class, all is 0.
        heat /= heat.amax([2, 3], keepdim: true).clamp_min(_least);
        heat.cpu().contiguous().data<float>().CopyTo(values.Span);
    }

    public void Dispose() => _folded.Dispose();

    // The likeliest as scores have it: by the mean of all views, of which the image is the first.
    private Tensor Classes(Tensor images, Tensor logits) =>
        _class is { } wanted ? tensor([(long)wanted], device: _device).expand(images.shape[0])
        : ImageView.Of(_network.TestTimeAugmentation).Skip(1)
            .Aggregate(logits.softmax(1), (sum, view) => sum.add(_folded.Forward(view.Show(images)).softmax(1), Tensors.One))
            .argmax(1);
}
