using System.Runtime.InteropServices;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Scoring;

/// <summary>Scores with libtorch: on a GPU, and on the CPU where ONNX Runtime is not there.</summary>
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

    public void Score(Memory<float> images, Memory<float> outputs)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var threads = NativeThreads.Use(null);
        var shape = _network.Format.Shape;
        var x = empty([outputs.Length / _network.Plan.Outputs, shape.Channels, shape.Height, shape.Width]);
        MemoryMarshal.AsBytes(images.Span).CopyTo(x.bytes);
        x = x.to(_device);
        var views = ImageView.Of(_network.TestTimeAugmentation);
        var y = views.Length == 1 ? Outputs(x) : stack(views.Select(view => Outputs(Shown(x, view)))).mean([0]);
        y.cpu().data<float>().CopyTo(outputs.Span);
    }

    private Tensor Shown(Tensor images, ImageView view)
    {
        var shape = _network.Format.Shape;
        return Taken(Taken(images, 2, view.Rows(shape.Height)), 3, view.Columns(shape.Width));

        Tensor Taken(Tensor x, long dimension, long[]? indices) =>
            indices is null ? x : x.index_select(dimension, tensor(indices).to(_device));
    }

    private Tensor Outputs(Tensor images) =>
        _network.Plan.Head is null ? _folded.Forward(images) : _folded.Forward(images).softmax(1);

    public void Dispose() => _folded.Dispose();
}
