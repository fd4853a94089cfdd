using Google.Protobuf;
using Microsoft.ML;
using ResNetMLNet.Fitting;
using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Weights;

/// <summary>ONNX models of this library and of others, read by walking along their graphs.</summary>
[TestClass]
public class OnnxFilesTests
{
    private const int Size = 96;

    public static IEnumerable<object[]> Kinds =>
    [
        [ForeignWeights.Architecture],
        [ResNetArchitecture.ResNeXt50 with { Width = 4, Groups = 4, Depths = new(2, 1, 1, 1) }],
        [ResNetArchitecture.SmallImageResNet18 with { Width = 4, Depths = new(1, 2, 1, 1) }],
        [ResNetArchitecture.ResNet20 with { Width = 4, Depths = new(1, 1, 2), Skip = ResNetSkip.NormalizedConvolution }],
    ];

    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void An_export_of_this_library_gives_the_same_network_again(ResNetArchitecture architecture)
    {
        using var scope = torch.NewDisposeScope();
        var weights = ForeignWeights.Create(architecture);
        var plan = new NetworkPlan(architecture, new(3, Size, Size), ForeignWeights.Classes);

        var start = Read(Model(plan, weights));

        Assert.AreEqual(architecture with { Name = start.Architecture.Name }, start.Architecture);
        AssertSame(plan, weights, start);
    }

    [TestMethod]
    public void Skips_without_weights_come_back_as_convolutions_that_do_the_same()
    {
        using var scope = torch.NewDisposeScope();
        var architecture = ResNetArchitecture.ResNet20 with { Width = 3, Depths = new(2, 1, 1) };
        var weights = ForeignWeights.Create(architecture);
        var plan = new NetworkPlan(architecture, new(3, Size, Size), ForeignWeights.Classes);

        var start = Read(Model(plan, weights));

        Assert.AreEqual(
            architecture with { Name = start.Architecture.Name, Skip = ResNetSkip.NormalizedConvolution }, start.Architecture);
        AssertSame(plan, weights, start);
    }

    [TestMethod]
    public void What_the_graph_does_to_pixels_first_becomes_the_networks_statistics()
    {
        var plan = new NetworkPlan(ForeignWeights.Architecture, new(3, Size, Size), ForeignWeights.Classes);
        var weights = ForeignWeights.Create();

        Assert.AreEqual(PixelStatistics.None, Read(Model(plan, weights)).Statistics);

        var statistics =
            Read(Model(new(plan.Architecture, plan.Input, plan.Classes) { Statistics = PixelStatistics.ImageNet }, weights)).Statistics;
        for (var channel = 0; channel < 3; channel++)
        {
            Assert.AreEqual(PixelStatistics.ImageNet.Mean[channel], statistics.Mean[channel], 1e-6f);
            Assert.AreEqual(PixelStatistics.ImageNet.Deviation[channel], statistics.Deviation[channel], 1e-6f);
        }
    }

    [TestMethod]
    public void What_a_graph_for_blue_first_does_to_pixels_is_turned_round_with_its_weights()
    {
        var plan = new NetworkPlan(ForeignWeights.Architecture, new(3, Size, Size), ForeignWeights.Classes)
        {
            Statistics = new([0.1f, 0.2f, 0.3f], [0.4f, 0.5f, 0.6f]),
        };
        var statistics = Read(Model(plan, ForeignWeights.Create()), blueFirst: true).Statistics;

        for (var channel = 0; channel < 3; channel++)
        {
            Assert.AreEqual(plan.Statistics.Mean[2 - channel], statistics.Mean[channel], 1e-6f);
            Assert.AreEqual(plan.Statistics.Deviation[2 - channel], statistics.Deviation[channel], 1e-6f);
        }
    }

    [TestMethod]
    public void Variances_that_are_less_than_the_difference_of_epsilons_are_taken_by_the_scale()
    {
        var (weights, node) = (new NamedTensors(), new NodeProto { OpType = "BatchNormalization" });
        var graph = new GraphProto();
        void Constant(string name, float[] values, params long[] shape)
        {
            var tensor = new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Float };
            tensor.Dims.Add(shape);
            tensor.FloatData.Add(values);
            graph.Initializer.Add(tensor);
        }

        Constant("w", [1, 1, 1], 3, 1, 1, 1);
        Constant("scale", [2, 2, 2], 3);
        Constant("shift", [0, 0, 0], 3);
        Constant("mean", [0, 0, 0], 3);
        Constant("variance", [1, 0, 1e-6f], 3);
        graph.Node.Add(new NodeProto { OpType = "Conv", Input = { "x", "w" }, Output = { "y" } });
        node.Input.Add((string[])["y", "scale", "shift", "mean", "variance"]);
        node.Output.Add("z");
        node.Attribute.Add(new AttributeProto { Name = "epsilon", F = 1e-6f, Type = AttributeProto.Types.AttributeType.Float });
        graph.Node.Add(node);
        graph.Input.Add(new ValueInfoProto { Name = "x" });
        graph.Output.Add(new ValueInfoProto { Name = "z" });
        using var stream = new MemoryStream();
        new ModelProto { Graph = graph }.WriteTo(stream);
        stream.Position = 0;
        new OnnxConvolutions(OnnxFile.Read(stream), weights).Add(graph.Node[0], "conv1", "bn1");

        for (var channel = 0; channel < 3; channel++)
        {
            var (scale, variance) = (weights["bn1.weight"][channel], weights["bn1.running_var"][channel]);
            Assert.IsGreaterThanOrEqualTo(0, variance);
            var then = 2 / Math.Sqrt((channel == 0 ? 1 : channel == 1 ? 0 : 1e-6) + 1e-6);
            Assert.AreEqual(1, scale / Math.Sqrt(variance + 1e-5) / then, 1e-4);
        }
    }

    [TestMethod]
    public void A_graph_that_takes_floats_of_0_to_255_has_the_statistics_of_pixels_in_0_to_1()
    {
        var plan = new NetworkPlan(ForeignWeights.Architecture, new(3, Size, Size), ForeignWeights.Classes)
        {
            Statistics = new([123.675f, 116.28f, 103.53f], [58.395f, 57.12f, 57.375f]),
        };

        var statistics = Read(Model(plan, ForeignWeights.Create())).Statistics;

        for (var channel = 0; channel < 3; channel++)
        {
            Assert.AreEqual(plan.Statistics.Mean[channel] / 255, statistics.Mean[channel], 1e-5f);
            Assert.AreEqual(plan.Statistics.Deviation[channel] / 255, statistics.Deviation[channel], 1e-5f);
        }
    }

    [TestMethod]
    public void What_is_no_ResNet_is_refused_where_it_ceases_to_be_one()
    {
        StringAssert.Contains(Refused(graph => graph.Node.First(node => node.OpType == "Relu").OpType = "Sigmoid"),
            "behind the first convolution comes Sigmoid where Relu is expected");
        StringAssert.Contains(Refused(graph => graph.Node.First(node => node.OpType == "Add").OpType = "Mul"),
            "behind a block's convolution comes Mul where Relu or Add or Sum is expected");
        StringAssert.Contains(Refused(graph => Attribute(graph, "Conv", "pads").Ints[0] = 0),
            "(Conv), it is padded by (0, 3, 3, 3) where its kernel of 7 needs 3");
        StringAssert.Contains(Refused(graph => Attribute(graph, "MaxPool", "strides").Ints[0] = 1), "is not a 3x3 pooling of stride 2");
        StringAssert.Contains(Refused(graph => Attribute(graph, "MaxPool", "pads").Ints[0] = 0), "is not padded by 1 on every side");
        StringAssert.Contains(Refused(graph => graph.Node[0].Input[0] = "nowhere"),
            "behind the images comes nothing where Conv is expected");
        StringAssert.Contains(Refused(graph => graph.Node.Single(node => node.Name == "layer1.0.conv1").Output.Clear()),
            "behind the last block comes Conv");
        StringAssert.Contains(Refused(graph => graph.Initializer[0].Dims[0] = long.MaxValue), "has 588 values");
        StringAssert.Contains(Refused(graph => graph.Initializer[0].DataLocation = TensorProto.Types.DataLocation.External),
            "are in another file");
        StringAssert.Contains(Refused(graph => graph.Initializer[0].DataType = 7), "is of type Int64, which is none of floats");
        StringAssert.Contains(Refused(graph => graph.Node.Clear()), "it has no graph");
        StringAssert.Contains(RefusedFile("no protobuf"u8.ToArray()), "is not an ONNX model");

        // A stem of 3x3 that is halved and pooled, one of 7x7 that is not, and a first stage that halves the image.
        StringAssert.Contains(
            Refused(graph =>
            {
                var weight = graph.Initializer[0];
                (weight.Dims[2], weight.Dims[3], weight.RawData) = (3, 3, ByteString.CopyFrom(new byte[4 * 3 * 3 * 3 * sizeof(float)]));
                Set(graph, "conv1", "pads", 1, 1, 1, 1);
            }),
            "'maxpool' (MaxPool) is not behind a 7x7 convolution of stride 2");
        StringAssert.Contains(
            Refused(graph =>
            {
                Set(graph, "conv1", "strides", 1, 1);
                graph.Node.Single(node => node.OpType == "MaxPool").OpType = "Identity";
            }),
            "its first convolution is 7x7 of stride 1, but there is no max pooling behind it");
        StringAssert.Contains(
            Refused(
                graph =>
                {
                    Set(graph, "layer1.0.conv2", "strides", 2, 2);
                    Set(graph, "layer1.0.downsample.0", "strides", 2, 2);
                },
                ResNetArchitecture.ResNet50 with { Width = 4, Depths = new(1, 1, 1, 1) }),
            "'layer1.0.conv1' (Conv) is not the first of a block of stride 1");
    }

    [TestMethod]
    public void Networks_of_more_than_a_file_holds_are_known_by_their_plan()
    {
        Assert.IsTrue(OnnxModel.Holds(new(ResNetArchitecture.ResNet152, new(3, 224, 224), 1_000)));
        Assert.IsFalse(OnnxModel.Holds(new(ResNetArchitecture.ResNet50, new(3, 224, 224), 300_000)));
    }

    [TestMethod]
    public void A_linear_layer_that_is_more_than_weights_and_a_bias_for_each_class_is_refused()
    {
        StringAssert.Contains(Refused(graph => Linear(graph).Input[2] = "nowhere"), "'logits' (Gemm), its input 2 is no constant");
        StringAssert.Contains(Refused(graph => Linear(graph).Input[2] = "conv1.bias"),
            "'logits' (Gemm) is not a linear layer with a bias for each of its 7 outputs");
        foreach (var factor in (string[])["alpha", "beta"])
        {
            var attribute = new AttributeProto { Name = factor, F = 0.5f, Type = AttributeProto.Types.AttributeType.Float };
            StringAssert.Contains(Refused(graph => Linear(graph).Attribute.Add(attribute)), "a linear layer whose alpha and beta are 1");
        }

        StringAssert.Contains(
            Refused(graph =>
            {
                Linear(graph).OpType = "MatMul";
                graph.Node.Add(new NodeProto { OpType = "Add", Name = "sum", Input = { "logits", "nowhere" }, Output = { "shifted" } });
            }),
            "'sum' (Add) is not the sum of the linear layer and its bias");
    }

    [TestMethod]
    public void A_linear_layer_without_a_bias_has_one_of_zeros()
    {
        var plan = new NetworkPlan(ForeignWeights.Architecture, new(3, Size, Size), ForeignWeights.Classes);

        var start = Read(Model(plan, ForeignWeights.Create(), graph => Linear(graph).Input.RemoveAt(2)));

        CollectionAssert.AreEqual(new float[ForeignWeights.Classes], start.Weights["fc.bias"].ToArray());
    }

    [TestMethod]
    public void A_constant_without_values_is_refused_however_long_its_sides_are() => StringAssert.Contains(
        Refused(graph =>
        {
            var weight = graph.Initializer[0];
            (weight.Dims[0], weight.Dims[1], weight.RawData) = (2_000_000_000, 0, ByteString.Empty);
        }),
        "of shape (2000000000, 0, 7, 7) has 0 values");

    [TestMethod]
    public void Convolutions_that_share_their_weights_until_these_are_many_times_the_file_are_refused() => StringAssert.Contains(
        Refused(
            graph =>
            {
                var shared = new TensorProto { Name = "shared", DataType = (int)TensorProto.Types.DataType.Float };
                shared.Dims.Add([100, 100, 3, 3]);
                shared.RawData = ByteString.CopyFrom(new byte[100 * 100 * 3 * 3 * sizeof(float)]);
                graph.Initializer.Add(shared);
                foreach (var node in graph.Node.Where(node => node.Name.StartsWith("layer1.", StringComparison.Ordinal)
                    && node.OpType == "Conv"))
                {
                    node.Input[1] = shared.Name;
                    node.Input.RemoveAt(2);
                }
            },
            ForeignWeights.Architecture with { Depths = new(20, 1, 1, 1) }),
        "more than 4 values for each byte of the file");

    [TestMethod]
    [Timeout(20_000, CooperativeCancellation = false)]
    public void A_graph_that_runs_in_circles_is_refused() => StringAssert.Contains(
        Refused(graph =>
            graph.Node.Last(node => node.OpType == "Relu").Output[0] = graph.Node.Single(node => node.OpType == "MaxPool").Output[0]),
        "its graph runs in circles");

    private static void AssertSame(NetworkPlan plan, NamedTensors weights, StartingFile start)
    {
        var again = new NetworkPlan(start.Architecture, plan.Input, plan.Classes);
        using var fresh = TrainableNetwork.Create(again, Initialisation.He, 1, torch.CPU, torch.ScalarType.Float32);
        using var one = new FoldedNetwork(plan, weights, torch.CPU);
        using var other = new FoldedNetwork(again, WeightImport.Fit(start.Weights, again, fresh.Export()), torch.CPU);
        var images = torch.rand(2, 3, Size, Size);
        Snapshot.AssertNear([one.Forward(images).data<float>().ToArray()], [other.Forward(images).data<float>().ToArray()], 1e-4);
    }

    private static AttributeProto Attribute(GraphProto graph, string operation, string name) =>
        graph.Node.First(node => node.OpType == operation).Attribute.Single(attribute => attribute.Name == name);

    private static void Set(GraphProto graph, string node, string attribute, params long[] values)
    {
        var integers = graph.Node.Single(each => each.Name == node).Attribute.Single(each => each.Name == attribute).Ints;
        integers.Clear();
        integers.AddRange(values);
    }

    private static NodeProto Linear(GraphProto graph) => graph.Node.Single(node => node.OpType == "Gemm");

    private static byte[] Model(NetworkPlan plan, NamedTensors weights, Action<GraphProto>? change = null)
    {
        var graph = new OnnxGraph("test");
        graph.AddInput("images", TensorProto.Types.DataType.Float, "", 1, 3, Size, Size);
        plan.Run(new OnnxLayers(graph, plan, weights, "logits"), "images");
        change?.Invoke(graph.Proto);
        return new ModelProto { ProducerName = OnnxGraph.Producer, Graph = graph.Proto }.ToByteArray();
    }

    private static string Refused(Action<GraphProto> change, ResNetArchitecture? architecture = null)
    {
        var plan = new NetworkPlan(architecture ?? ForeignWeights.Architecture, new(3, Size, Size), ForeignWeights.Classes);
        return RefusedFile(Model(plan, ForeignWeights.Create(architecture), change));
    }

    private static string RefusedFile(byte[] model) => Assert.ThrowsExactly<InvalidOperationException>(() => Read(model)).Message;

    private static StartingFile Read(byte[] model, bool blueFirst = false)
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.onnx");
        try
        {
            File.WriteAllBytes(path, model);
            return StartingFile.Read(Internals.EnvironmentOf(new MLContext().Data), InitialWeights.FromFile(path, blueFirst: blueFirst));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
