using ResNetMLNet.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Network;

/// <summary>The numbers are PyTorch's: see tests/fixtures.</summary>
[TestClass]
public class PyTorchTests
{
    private const double Tolerance = 1e-4;

    private static readonly ResNetArchitecture Chapter = ResNetArchitecture.BookResNet18 with { Width = 4 };
    private static readonly ResNetArchitecture Basic = ResNetArchitecture.ResNet34 with { Width = 4, Depths = new(1, 1, 1, 1) };
    private static readonly ResNetArchitecture Bottleneck = ResNetArchitecture.ResNet50 with { Width = 4, Depths = new(1, 1, 1, 1) };

    private static readonly ResNetArchitecture Grouped = Bottleneck with { Width = 2, WidthFactor = 2, Groups = 2 };
    private static readonly ResNetArchitecture PreActivation =
        ResNetArchitecture.PreActivationResNet18 with { Width = 3, Depths = new(1, 2, 1, 1) };
    private static readonly ResNetArchitecture ThreeStages = ResNetArchitecture.ResNet20 with { Width = 4, Depths = new(2, 1, 1) };

    public static IEnumerable<object[]> Cases =>
    [
        ["chapter", Chapter], ["chapter-small", Chapter], ["basic", Basic], ["bottleneck", Bottleneck], ["grouped", Grouped],
        ["pre-activation", PreActivation], ["three-stages", ThreeStages],
    ];

    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Logits_in_evaluation_are_PyTorchs(string file, ResNetArchitecture architecture)
    {
        using var scope = NewDisposeScope();
        var fixture = new Fixture(file, architecture);
        using var network = fixture.CreateNetwork();

        AssertClose(fixture["logits.eval"], network.Forward(fixture["input"], training: false));
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Logits_of_the_folded_network_are_PyTorchs(string file, ResNetArchitecture architecture)
    {
        using var scope = NewDisposeScope();
        var fixture = new Fixture(file, architecture);
        using var network = new FoldedNetwork(fixture.Plan, fixture.Part("weights."), CPU);

        AssertClose(fixture["logits.eval"], network.Forward(fixture["input"]));
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void A_training_step_is_PyTorchs_in_logits_loss_gradients_weights_and_statistics(string file, ResNetArchitecture architecture)
    {
        using var scope = NewDisposeScope();
        var fixture = new Fixture(file, architecture);
        using var network = fixture.CreateNetwork();
        using var optimizer = new Optimizer(network, momentum: 0, weightDecay: 0);

        var logits = network.Forward(fixture["input"], training: true);
        AssertClose(fixture["logits.train"], logits);

        var loss = nn.functional.cross_entropy(logits, fixture["labels"].to_type(ScalarType.Int64));
        AssertClose(fixture["loss"], loss.view(1));

        loss.backward();
        var gradients = fixture.Part("grads.");
        foreach (var parameter in network.Parameters)
        {
            // Kernels are trained without the taps that never meet the image, where PyTorch's gradient is zero.
            var expected = gradients[parameter.Plan.Name].ToArray();
            var actual = parameter.Compute.grad!;
            Assert.AreEqual(
                expected.Sum(Math.Abs), actual.abs().sum().item<float>(), Tolerance * (1 + expected.Sum(Math.Abs)), parameter.Plan.Name);
            if (actual.numel() == expected.Length)
            {
                AssertClose(tensor(expected, parameter.Plan.Shape), actual, parameter.Plan.Name);
            }
        }

        optimizer.Step(0.05);
        var after = network.Export();
        foreach (var (name, expected) in fixture.Part("after.").Tensors)
        {
            AssertClose(tensor(expected.Data), tensor(after.Tensors[name].Data), name);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Heat_maps_are_those_that_PyTorchs_autograd_makes(string file, ResNetArchitecture architecture)
    {
        using var scope = NewDisposeScope();
        var (fixture, maps) = (new Fixture(file, architecture), new Fixture("heat-maps", architecture));
        var input = fixture.Plan.Input;
        var network = new TrainedNetwork(
            fixture.Plan,
            fixture.Part("weights."),
            new(input, Resizes: false, ResizeMode.Stretch),
            TestTimeAugmentation.None,
            KeyValues: null);
        foreach (var (@class, name) in ((int?, string)[])[(null, "likeliest"), (1, "1")])
        {
            var expected = maps[$"{file}.{name}"];
            using var scorer = new HeatMapScorer(network, @class, gpu: null);
            var found = new float[expected.numel()];
            scorer.Score(fixture["input"].narrow(0, 0, expected.shape[0]).contiguous().data<float>().ToArray(), found);

            AssertClose(expected, tensor(found, expected.shape), name);
        }
    }

    [TestMethod]
    [DataRow("grey", 96, 96)]
    [DataRow("grey", 16, 16)]
    [DataRow("grey", 24, 40)]
    [DataRow("colour", 96, 96)]
    [DataRow("colour", 16, 16)]
    [DataRow("colour", 24, 40)]
    public void Resizing_is_PyTorchs(string image, int height, int width)
    {
        using var scope = NewDisposeScope();
        var fixture = new Fixture("resize", Basic);

        AssertClose(fixture[$"{image}.{height}x{width}"], Resizing.Resize(fixture[image], height, width, ResizeMode.Stretch));
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what = "")
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape, what);
        var scale = Math.Max(1, expected.abs().max().item<float>());
        var difference = (expected - actual).abs().max().item<float>();
        Assert.IsLessThan(Tolerance * scale, difference, what);
    }

    private sealed class Fixture
    {
        private readonly NamedTensors _tensors;

        public Fixture(string name, ResNetArchitecture architecture)
        {
            using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Fixtures", $"{name}.safetensors"));
            _tensors = SafeTensors.Read(file);
            if (_tensors.Tensors.TryGetValue("input", out var input))
            {
                var size = (int)input.Shape[2];
                Plan = new(architecture, new((int)input.Shape[1], size, size), (int)_tensors.Tensors["logits.eval"].Shape[1]);
            }
        }

        public NetworkPlan Plan { get; } = null!;

        public Tensor this[string name] => tensor(_tensors.Tensors[name].Data, _tensors.Tensors[name].Shape);

        public TrainableNetwork CreateNetwork() => TrainableNetwork.Create(Plan, Part("weights."), CPU, ScalarType.Float32);

        /// <summary>The tensors whose names begin with a prefix, without it.</summary>
        public NamedTensors Part(string prefix)
        {
            var part = new NamedTensors();
            foreach (var (name, values) in _tensors.Tensors.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                part.Add(name[prefix.Length..], values.Shape, values.Data);
            }

            return part;
        }
    }
}
