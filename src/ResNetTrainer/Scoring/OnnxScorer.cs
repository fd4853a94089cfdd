using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using ResNetMLNet.Persistence.Onnx;

namespace ResNetMLNet.Scoring;

/// <summary>Scores with ONNX Runtime, the fastest there is on a CPU; needs no libtorch.</summary>
internal sealed class OnnxScorer : IScorer
{
    private static readonly string[] _inputs = [OnnxModel.Input];
    private static readonly string[] _outputs = [OnnxModel.Probabilities];

    private readonly ResNetModel _model;
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();

    public OnnxScorer(ResNetModel model)
    {
        _model = model;
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        _session = new(model.ToOnnx(new()).ToByteArray(), options);
    }

    public void Score(Memory<float> pictures, Memory<float> probabilities)
    {
        var shape = _model.Format.Shape;
        var classes = _model.Plan.Classes;
        var count = probabilities.Length / classes;
        using var input = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, pictures, [count, shape.Channels, shape.Height, shape.Width]);
        using var output = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, probabilities, [count, classes]);
        _session.Run(_run, _inputs, [input], _outputs, [output]);
    }

    public void Dispose()
    {
        _session.Dispose();
        _run.Dispose();
    }
}
