using System.Globalization;
using ResNetMLNet.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;
using ResNetMLNet.Network;

namespace ResNetMLNet.Scoring.Engines;

/// <summary>
/// A network as a standard ONNX model (https://onnx.ai): images in, logits, probabilities and the likeliest class out, or features.
/// </summary>
internal static class OnnxModel
{
    public const string Input = OnnxInput.Name;
    public const string Logits = "logits";
    public const string Probabilities = "probabilities";
    public const string Class = "class";
    public const string Features = "features";

    // Of its metadata.
    public const string Architecture = "architecture";
    public const string ClassNames = "class_names";
    public const string LargestPixel = "largest_pixel";
    public const string SmallestPixel = "smallest_pixel";

    // Opset 18 is the first whose Resize has antialiasing; ONNX 1.13, which brought it, has IR version 8.
    private const int OpsetVersion = 18;
    private const int IrVersion = 8;

    // What is not weights: the graph, names of classes, matrices that resize.
    private const long RoomForTheRest = 64 << 20;

    /// <summary>Whether one file holds its weights: Protocol Buffers end at two gigabytes.</summary>
    public static bool Holds(NetworkPlan plan) => plan.ByteCount < int.MaxValue - RoomForTheRest;

    public static ModelProto Create(TrainedNetwork network, OnnxExportOptions options)
    {
        if (!Holds(network.Plan))
        {
            throw new InvalidOperationException(
                $"The network has weights of {network.Plan.ByteCount:N0} bytes, and a file of ONNX holds no more than two gigabytes. Save "
                + "it with ML.NET, or write its weights with ExportToSafeTensors.");
        }

        if (options.PixelType == OnnxPixelType.Byte && PixelScale.ProblemOfBytes(network.Pixels) is { } problem)
        {
            throw new InvalidOperationException($"PixelType cannot be OnnxPixelType.Byte. {problem}");
        }

        var (plan, graph) = (network.Plan, new OnnxGraph(network.Plan.Architecture.Name));
        var images = new OnnxInput(graph, network.Format, options).Add();
        AddNetwork(graph, network, images);
        if (plan.Head is null)
        {
            graph.AddOutput(Features, TensorProto.Types.DataType.Float, "What a linear layer would see.", "batch", plan.Features);
        }
        else
        {
            AddOutputs(graph, network);
        }

        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = OnnxGraph.Producer,
            ProducerVersion = typeof(OnnxModel).Assembly.GetName().Version!.ToString(3),
            OpsetImport = { new OperatorSetIdProto { Version = OpsetVersion } },
            MetadataProps = { new StringStringEntryProto { Key = Architecture, Value = plan.Architecture.Name } },
            Graph = graph.Proto,
        };
        if (plan.Head is not null)
        {
            model.MetadataProps.Add(new StringStringEntryProto { Key = ClassNames, Value = JsonText.Of(network.ClassNames) });
        }

        foreach (var (key, value) in TextsOf(network.Pixels))
        {
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        return model;
    }

    /// <summary>Between which values a network's pixels were, as it is told beside weights.</summary>
    public static IEnumerable<(string Key, string Value)> TextsOf(PixelRange? range)
    {
        if (range is { } pixels)
        {
            yield return (LargestPixel, pixels.Largest.ToString(CultureInfo.InvariantCulture));
            if (pixels.Smallest is { } smallest)
            {
                yield return (SmallestPixel, smallest.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>The output with what a scorer gives.</summary>
    public static string OutputOf(NetworkPlan plan) => plan.Head is null ? Features : Probabilities;

    /// <summary>
    /// Adds the likeliest class, or -1 where it is not likely enough, of operators that are the same from opset 9 to 18.
    /// </summary>
    public static string AddClass(OnnxGraph graph, float? leastProbability, string name, bool keepDimension)
    {
        var (axis, keep) = (OnnxGraph.Attribute("axis", 1), OnnxGraph.Attribute("keepdims", keepDimension ? 1 : 0));
        if (leastProbability is not { } least)
        {
            return graph.Add("ArgMax", name, [Probabilities], axis, keep);
        }

        var one = graph.Integers("one.class", 1);
        var key = graph.Add("Add", "likeliest.key", [graph.Add("ArgMax", "likeliest", [Probabilities], axis, keep), one]);

        // At least so likely. The operators that one would take, ReduceMax and GreaterOrEqual, are not the same in all of these opsets.
        var row = graph.Add("Reshape", "row", [Probabilities, graph.Integers("row.shape", 0, 1, -1)]);
        long[] shape = keepDimension ? [-1, 1] : [-1];
        var highest = graph.Add("Reshape", "highest", [graph.Add("GlobalMaxPool", "max", [row]), graph.Integers("highest.shape", shape)]);
        var isLikely = graph.Add("Greater", "is.likely", [highest, graph.Constant("below", [MathF.BitDecrement(least)])]);
        var counts = graph.Add("Cast", "counts", [isLikely], OnnxGraph.Attribute("to", (long)TensorProto.Types.DataType.Int64));
        return graph.Add("Sub", name, [graph.Add("Mul", "key.or.none", [key, counts]), one]);
    }

    /// <summary>
    /// Adds the way from what the network sees to <see cref="OutputOf"/>, of operators that are the same from opset 9 to 18.
    /// </summary>
    public static void AddNetwork(OnnxGraph graph, TrainedNetwork network, string images)
    {
        var layers = new OnnxLayers(graph, network.Plan, network.Weights, Logits);
        var views = ImageView.Of(network.TestTimeAugmentation);
        if (network.Plan.Head is null)
        {
            graph.Add("Identity", Features, [network.Plan.Run(layers, images)]);
        }
        else if (views.Length > 1)
        {
            AddMean(graph, x => network.Plan.Run(layers, x), [.. views.Select(Shown)], network.Plan.Outputs);
        }
        else
        {
            graph.Add("Softmax", Probabilities, [network.Plan.Run(layers, images)], OnnxGraph.Attribute("axis", 1));
        }

        string Shown(ImageView view, int number)
        {
            var (height, width) = (network.Plan.Input.Height, network.Plan.Input.Width);
            var rows = Taken(images, 2, view.Rows(height), $"view{number}.rows");
            return Taken(rows, 3, view.Columns(width), $"view{number}.columns");
        }

        string Taken(string x, int axis, long[]? indices, string name) => indices is null ? x
            : graph.Add("Gather", name, [x, graph.Integers($"{name}.indices", indices)], OnnxGraph.Attribute("axis", axis));
    }

    private static void AddOutputs(OnnxGraph graph, TrainedNetwork network)
    {
        var classes = network.Plan.Outputs;
        if (network.TestTimeAugmentation == TestTimeAugmentation.None)
        {
            graph.AddOutput(Logits, TensorProto.Types.DataType.Float, "What the softmax is taken of.", "batch", classes);
        }

        AddClass(graph, network.LeastProbability, Class, keepDimension: false);
        graph.AddOutput(Probabilities, TensorProto.Types.DataType.Float, "The probability of each class.", "batch", classes);
        var none = network.RejectBelow is { } least ? FormattableString.Invariant($"; -1 where its probability is below {least}") : "";
        graph.AddOutput(
            Class, TensorProto.Types.DataType.Int64, $"The likeliest class, from 0, in the order of class_names{none}.", "batch");
    }

    // The mean of what the network makes of all views, as TorchScorer has it.
    private static void AddMean(OnnxGraph graph, Func<string, string> network, string[] views, int classes)
    {
        var logits = network(graph.Add("Concat", "views", views, OnnxGraph.Attribute("axis", 0)));
        var probabilities = graph.Add("Softmax", "softmax", [logits], OnnxGraph.Attribute("axis", 1));
        var scores = graph.Add("Reshape", "scores", [probabilities, graph.Integers("scores.shape", views.Length, -1, classes)]);
        graph.Add("Mean", Probabilities, [.. Enumerable.Range(0, views.Length).Select(OfView)]);

        string OfView(int index) => graph.Add(
            "Gather", $"score{index}", [scores, graph.Constant<long>($"index{index}", [index])], OnnxGraph.Attribute("axis", 0));
    }
}
