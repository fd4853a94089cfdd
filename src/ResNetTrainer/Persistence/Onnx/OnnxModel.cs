using System.Text.Json;
using ResNetMLNet.Data;
using ResNetMLNet.Network;
using static ResNetMLNet.Persistence.Onnx.OnnxGraph;

namespace ResNetMLNet.Persistence.Onnx;

/// <summary>A network as a standard ONNX model (https://onnx.ai): pictures in, logits, probabilities and the likeliest class out.</summary>
internal static class OnnxModel
{
    public const string Input = OnnxInput.Name;
    public const string Logits = "logits";
    public const string Probabilities = "probabilities";
    public const string Class = "class";

    // Opset 18 is the first whose Resize has antialiasing; ONNX 1.13, which brought it, has IR version 8.
    private const int OpsetVersion = 18;
    private const int IrVersion = 8;

    public static ModelProto Create(
        NetworkPlan plan, NetworkWeights weights, InputFormat format, bool testTimeFlip, IReadOnlyList<string> classNames, OnnxExportOptions options)
    {
        var graph = new OnnxGraph(plan.Architecture.Name);
        var pictures = new OnnxInput(graph, format, options).Add();
        var network = new OnnxNetwork(graph, plan, weights, format.Shape.Height, format.Shape.Width);
        if (testTimeFlip)
        {
            AddMirrored(graph, network, pictures, plan.Classes);
        }
        else
        {
            graph.Add("Softmax", Probabilities, [network.Add(pictures, Logits)], Attribute("axis", 1));
            graph.AddOutput(Logits, TensorProto.Types.DataType.Float, "What the softmax is taken of.", "batch", plan.Classes);
        }

        graph.Add("ArgMax", Class, [Probabilities], Attribute("axis", 1), Attribute("keepdims", 0));
        graph.AddOutput(Probabilities, TensorProto.Types.DataType.Float, "The probability of each class.", "batch", plan.Classes);
        graph.AddOutput(Class, TensorProto.Types.DataType.Int64, "The likeliest class, from 0, in the order of class_names.", "batch");

        return new()
        {
            IrVersion = IrVersion,
            ProducerName = "ResNetMLNet",
            ProducerVersion = typeof(OnnxModel).Assembly.GetName().Version!.ToString(3),
            OpsetImport = { new OperatorSetIdProto { Version = OpsetVersion } },
            MetadataProps =
            {
                new StringStringEntryProto { Key = "architecture", Value = plan.Architecture.Name },
                new StringStringEntryProto { Key = "class_names", Value = JsonSerializer.Serialize(classNames) },
            },
            Graph = graph.Proto,
        };
    }

    // The mean of what the network makes of the pictures and of their mirror images, as TorchScorer has it.
    private static void AddMirrored(OnnxGraph graph, OnnxNetwork network, string pictures, int classes)
    {
        var mirrored = graph.Add(
            "Slice",
            "mirrored",
            [pictures, graph.Integers("last", -1), graph.Integers("beyond.first", long.MinValue), graph.Integers("axis", 3), graph.Integers("backwards", -1)]);
        var logits = network.Add(graph.Add("Concat", "both", [pictures, mirrored], Attribute("axis", 0)), Logits);
        var probabilities = graph.Add("Softmax", "softmax", [logits], Attribute("axis", 1));
        var pairs = graph.Add("Reshape", "pairs", [probabilities, graph.Integers("pairs.shape", 2, -1, classes)]);
        graph.Add("ReduceMean", Probabilities, [pairs, graph.Integers("pairs.axis", 0)], Attribute("keepdims", 0));
    }
}
