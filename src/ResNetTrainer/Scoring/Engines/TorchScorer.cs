using ResNetMLNet.Native;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Scoring.Engines;

/// <summary>
/// Scores with libtorch: on a GPU, and on the CPU where ONNX Runtime is not there. In float32 throughout, so that a model says the same
/// everywhere, of a row alone and of a batch.
/// </summary>
internal sealed class TorchScorer : IScorer
{
    private readonly TrainedNetwork _network;
    private readonly Device _device;
    private readonly FoldedNetwork _folded;

    public TorchScorer(TrainedNetwork network, int? gpu)
    {
        TorchRuntime.EnsureLoaded();
        _network = network;
        _device = DeviceSelector.ToDevice(gpu);
        _folded = new(network.Plan, network.Weights, _device);
    }

    public bool LeavesProcessorsFree => _device.type != DeviceType.CPU;

    public void Score(Memory<float> images, Memory<float> outputs)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var threads = NativeThreads.Use(null);
        using var tf32 = Tf32.Allow(_device, false);
        var x = Tensors.Copy(images.Span, _network.Format.Shape, _device);
        var views = ImageView.Of(_network.TestTimeAugmentation);
        var y = views.Length == 1 ? Outputs(x) : stack(views.Select(view => Outputs(view.Show(x)))).mean([0]);
        y.cpu().data<float>().CopyTo(outputs.Span);
    }

    private Tensor Outputs(Tensor images) =>
        _network.Plan.Head is null ? _folded.Forward(images) : _folded.Forward(images).softmax(1);

    public void Dispose() => _folded.Dispose();
}
