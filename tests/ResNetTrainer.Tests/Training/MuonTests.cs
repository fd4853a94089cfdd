using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

[TestClass]
public class MuonTests
{
    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    [DataRow(16, 72)]
    [DataRow(72, 16)]
    [DataRow(16, 16)]
    public void What_is_made_orthogonal_keeps_its_singular_vectors_and_has_singular_values_near_1(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        var (u, _, v) = linalg.svd(Random([rows, columns]), fullMatrices: false);
        var values = linspace(0.1, 1, Math.Min(rows, columns), ScalarType.Float32);

        var found = Muon.Orthogonalize((u * values).matmul(v).unsqueeze(0)).squeeze(0);

        var inside = u.t().matmul(found).matmul(v.t());
        var diagonal = inside.diag();
        Assert.IsLessThan(1e-4, (inside - diagonal.diag()).abs().max().item<float>());
        Assert.IsGreaterThan(0.6, diagonal.min().item<float>());
        Assert.IsLessThan(1.3, diagonal.max().item<float>());
        Assert.AreEqual(0, (found - u.matmul(inside).matmul(v)).abs().max().item<float>(), 1e-4, "nothing beside them");
    }

    [TestMethod]
    public void Nothing_stays_nothing()
    {
        using var scope = NewDisposeScope();

        Assert.AreEqual(0, Muon.Orthogonalize(zeros(1, 4, 9)).abs().max().item<float>());
    }

    [TestMethod]
    [DataRow(32, 0, 0.01)]
    [DataRow(32, 1, 0.05)]
    [DataRow(264, 0, 0.03, DisplayName = "large matrices")]
    [DataRow(264, 1, 0.08, DisplayName = "large matrices of singular values that differ")]
    public void In_bfloat16_it_is_the_same_but_for_rounding(int rows, int decay, double most)
    {
        using var scope = NewDisposeScope();
        var (u, _, v) = linalg.svd(Random([3, rows, 288]), fullMatrices: false);
        var matrices = (u * arange(1, rows + 1, ScalarType.Float32).pow(-decay)).matmul(v);

        var rounded = Muon.Orthogonalize(matrices, ScalarType.BFloat16);

        Assert.AreEqual(ScalarType.Float32, rounded.dtype);
        var expected = Muon.Orthogonalize(matrices);
        Assert.IsLessThan(most, ((rounded - expected).norm() / expected.norm()).item<float>());
    }

    [TestMethod]
    public void A_step_changes_weights_of_their_usual_size_by_the_learning_rate()
    {
        const double Rate = 0.1;
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var weight = Convolution([8, 4, 3, 3], groups: 1);
        using var muon = new Muon([weight]);
        var direction = weight.Master / weight.Master.norm();

        var gradient = Step(muon, weight, seed: 4, Rate);

        var change = (weight.Master - (direction * Math.Sqrt(8))).view(1, 8, 36);
        Assert.AreEqual(0, (change + (Rate * Muon.Orthogonalize(gradient.view(1, 8, 36)))).abs().max().item<float>(), 1e-5);
        Assert.AreEqual(Rate * Math.Sqrt(8), change.norm().item<float>(), 0.1 * Rate * Math.Sqrt(8));
    }

    [TestMethod]
    public void The_groups_of_a_convolution_are_matrices_of_their_own()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var weight = Convolution([8, 4, 3, 3], groups: 2);
        using var muon = new Muon([weight]);
        var before = weight.Master * (Math.Sqrt(8) / weight.Master.norm());

        var gradient = Step(muon, weight, seed: 4, learningRate: 1);

        foreach (var half in (Range[])[new(0, 4), new(4, 8)])
        {
            var alone = Muon.Orthogonalize(gradient[half].reshape(1, 4, 36)).view(4, 4, 3, 3);
            Assert.AreEqual(0, (before[half] - weight.Master[half] - alone).abs().max().item<float>(), 1e-5);
        }
    }

    [TestMethod]
    public void Momentum_is_Nesterovs()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var weight = Convolution([4, 4, 1, 1], groups: 1);
        using var muon = new Muon([weight]);
        var first = Step(muon, weight, seed: 4, learningRate: 0.1);
        var before = weight.Master * (2 / weight.Master.norm());

        var second = Step(muon, weight, seed: 5, learningRate: 0.1);

        var moved = (first * 0.6) + second;
        var update = Muon.Orthogonalize(((moved * 0.6) + second).view(1, 4, 4)).view(4, 4, 1, 1);
        Assert.AreEqual(0, (before - weight.Master - (0.1 * update)).abs().max().item<float>(), 1e-5);
        Assert.AreEqual(0, (muon.Velocities[0] - moved).abs().max().item<float>(), 1e-6);
    }

    [TestMethod]
    public void Weights_of_one_shape_take_the_steps_that_each_would_take_alone()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var first = Convolution([8, 4, 3, 3], groups: 1);
        using var second = Convolution([8, 4, 3, 3], groups: 1);
        using var alone = Convolution([8, 4, 3, 3], groups: 1);
        using var both = new Muon([first, second]);
        using var one = new Muon([alone]);
        (first.Compute.grad, second.Compute.grad, alone.Compute.grad) =
            (Random([8, 4, 3, 3], seed: 4), Random([8, 4, 3, 3], seed: 5), Random([8, 4, 3, 3], seed: 5));

        both.Step(0.1);
        one.Step(0.1);

        Assert.AreEqual(0, (second.Master - alone.Master).abs().max().item<float>(), 1e-6);
        Assert.IsGreaterThan(0.01, (first.Master - alone.Master).abs().max().item<float>());
        CollectionAssert.AreEqual((NetworkTensor[])[first, second], both.Views().Select(pair => pair.Parameter).ToArray());
        Assert.AreEqual(0, (both.Views().Last().Velocity - second.Compute.grad).abs().max().item<float>());
    }

    [TestMethod]
    public void Only_convolutions_are_trained_by_it()
    {
        using var scope = NewDisposeScope();
        var architecture = ResNetArchitecture.BookResNet18 with { Width = 2, Depths = new(1, 1, 1, 1) };
        var plan = new NetworkPlan(architecture, new(1, 32, 32), 2);
        using var network = TrainableNetwork.Create(plan, Initialisation.He, seed: 1, CPU, ScalarType.Float32);
        using var same = TrainableNetwork.Create(plan, Initialisation.He, seed: 1, CPU, ScalarType.Float32);
        using var optimizer = new Optimizer(network, momentum: 0.9, weightDecay: 0.1, muonMultiplier: 0.5);
        using var plain = new Optimizer(same, momentum: 0.9, weightDecay: 0.1);
        foreach (var (name, tensor) in network.Tensors)
        {
            if (tensor.Plan.IsParameter)
            {
                var gradient = Random(tensor.Compute.shape);
                (tensor.Compute.grad, same.Tensors[name].Compute.grad) = (gradient, gradient.clone());
            }
        }

        optimizer.Step(0.1);
        plain.Step(0.1);

        foreach (var (name, tensor) in network.Tensors)
        {
            var isSame = tensor.Master.equal(same.Tensors[name].Master).all().item<bool>();
            Assert.AreEqual(tensor.Plan.Role != TensorRole.ConvolutionWeight, isSame, name);
        }
    }

    [TestMethod]
    public void The_rate_of_convolutions_is_multiplied_by_their_multiplier_and_that_of_all_before_the_linear_layer()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var plan = new NetworkPlan(
            ResNetArchitecture.BookResNet18 with { Width = 2, Depths = new(1, 1, 1, 1) }, new(1, 32, 32), 2);
        using var both = TrainableNetwork.Create(plan, Initialisation.He, seed: 1, CPU, ScalarType.Float32);
        using var one = TrainableNetwork.Create(plan, Initialisation.He, seed: 1, CPU, ScalarType.Float32);
        using var ofBoth = new Optimizer(both, momentum: 0.9, weightDecay: 0, bodyMultiplier: 0.25, muonMultiplier: 0.5);
        using var ofOne = new Optimizer(one, momentum: 0.9, weightDecay: 0, muonMultiplier: 0.125);
        var parameters = both.Tensors.Where(pair => pair.Value.Plan.IsParameter).ToArray();
        var before = parameters.ToDictionary(pair => pair.Key, pair => pair.Value.Master.clone());
        foreach (var (name, tensor) in parameters)
        {
            var gradient = Random(tensor.Compute.shape);
            (tensor.Compute.grad, one.Tensors[name].Compute.grad) = (gradient, gradient.clone());
        }

        ofBoth.Step(0.1);
        ofOne.Step(0.1);

        foreach (var (name, tensor) in parameters)
        {
            // Biases and normalisation have the multiplier of what is before the linear layer, and no other.
            var share = tensor.Plan.Role == TensorRole.ConvolutionWeight || tensor.Plan.IsHead ? 1 : 0.25;
            var (found, other) = (tensor.Master - before[name], one.Tensors[name].Master - before[name]);
            Assert.AreEqual(0, (found - (other * share)).abs().max().item<float>(), 1e-6, name);
            Assert.IsGreaterThan(1e-3, found.abs().max().item<float>(), name);
        }
    }

    private static NetworkTensor Convolution(long[] shape, int groups) =>
        new(new("conv", TensorRole.ConvolutionWeight, shape) { Groups = groups }, Random(shape), ScalarType.Float32, window: null);

    private static Tensor Step(Muon muon, NetworkTensor weight, ulong seed, double learningRate)
    {
        var gradient = Random(weight.Master.shape, seed);
        weight.Compute.grad = gradient;
        muon.Step(learningRate);
        return gradient;
    }

    private static Tensor Random(long[] shape, ulong seed = 3) => RandomTensors.Normal(shape, seed);
}
