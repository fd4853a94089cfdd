using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Training;
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
    public void A_step_changes_weights_of_their_usual_size_by_the_learning_rate()
    {
        const double Rate = 0.1;
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var weight = Convolution([8, 4, 3, 3], groups: 1);
        var direction = weight.Master / weight.Master.norm();
        var gradient = Random([8, 4, 3, 3]);

        Muon.Step(weight, zeros_like(gradient), gradient, Rate);

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
        var gradient = Random([8, 4, 3, 3]);
        var before = weight.Master * (Math.Sqrt(8) / weight.Master.norm());

        Muon.Step(weight, zeros_like(gradient), gradient, learningRate: 1);

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
        var velocity = zeros_like(weight.Master);
        var (first, second) = (Random([4, 4, 1, 1]), Random([4, 4, 1, 1]));
        Muon.Step(weight, velocity, first, learningRate: 0.1);
        var before = weight.Master * (2 / weight.Master.norm());

        Muon.Step(weight, velocity, second, learningRate: 0.1);

        var moved = (first * 0.6) + second;
        var update = Muon.Orthogonalize(((moved * 0.6) + second).view(1, 4, 4)).view(4, 4, 1, 1);
        Assert.AreEqual(0, (before - weight.Master - (0.1 * update)).abs().max().item<float>(), 1e-5);
        Assert.AreEqual(0, (velocity - moved).abs().max().item<float>(), 1e-6);
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

    private static NetworkTensor Convolution(long[] shape, int groups) =>
        new(new("conv", TensorRole.ConvolutionWeight, shape) { Groups = groups }, Random(shape), ScalarType.Float32, window: null);

    private static Tensor Random(long[] shape)
    {
        using var generator = new Generator(3, CPU);
        return randn(shape, generator: generator);
    }
}
