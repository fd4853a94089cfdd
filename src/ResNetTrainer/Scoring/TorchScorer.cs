using System.Runtime.InteropServices;
using ResNetMLNet.Hosting;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Scoring;

/// <summary>Scores with libtorch: on a GPU, and on the CPU where ONNX Runtime is not there.</summary>
internal sealed class TorchScorer : IScorer
{
    private readonly ResNetModel _model;
    private readonly Device _device;
    private readonly FoldedNetwork _network;

    public TorchScorer(ResNetModel model, int? gpu)
    {
        TorchRuntime.EnsureLoaded();
        _model = model;
        _device = DeviceSelector.ToDevice(gpu);
        _network = new(model.Plan, model.ImageHeight, model.ImageWidth, model.Weights, _device);
    }

    public void Score(Memory<float> pictures, Memory<float> probabilities)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var shape = _model.Format.Shape;
        var x = empty([probabilities.Length / _model.Plan.Classes, shape.Channels, shape.Height, shape.Width]);
        MemoryMarshal.AsBytes(pictures.Span).CopyTo(x.bytes);
        x = x.to(_device);
        var y = _model.TestTimeFlip
            ? stack([Probabilities(x), Probabilities(x.flip(3))]).mean([0])
            : Probabilities(x);
        y.cpu().data<float>().CopyTo(probabilities.Span);
    }

    private Tensor Probabilities(Tensor pictures) => _network.Forward(pictures).softmax(1);

    public void Dispose() => _network.Dispose();
}
