using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace ResNetMLNet.Scoring.Engines;

/// <summary>Scores with ONNX Runtime, the fastest there is on a CPU; needs no libtorch.</summary>
internal sealed class OnnxScorer : IScorer
{
    private static readonly string[] _inputs = [OnnxModel.Input];

    private readonly TrainedNetwork _network;
    private readonly string[] _outputs;
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();

    public OnnxScorer(TrainedNetwork network)
    {
        (_network, _outputs) = (network, [OnnxModel.OutputOf(network.Plan)]);
        using var options = Options();
        _session = new(OnnxModel.Create(network, new()).ToByteArray(), options);
    }

    public bool LeavesProcessorsFree => false;

    internal static SessionOptions Options()
    {
        // ONNX Runtime counts the cores of the machine; .NET those that this process may use, also in a container with a share of them.
        var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = Environment.ProcessorCount,
        };

        // Its threads wait for the next batch by spinning: the processors are needed to decode it.
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        return options;
    }

    public void Score(Memory<float> images, Memory<float> outputs)
    {
        var (shape, length) = (_network.Format.Shape, _network.Plan.Outputs);
        var count = outputs.Length / length;
        using var input = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, images, [count, shape.Channels, shape.Height, shape.Width]);
        using var output = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, outputs, [count, length]);
        _session.Run(_run, _inputs, [input], _outputs, [output]);
    }

    public void Dispose()
    {
        _session.Dispose();
        _run.Dispose();
    }
}
