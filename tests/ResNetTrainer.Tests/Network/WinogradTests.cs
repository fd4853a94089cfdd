using System.Runtime.InteropServices;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Convolutions.Winograd;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Tests.Network;

[TestClass]
public sealed class WinogradTests
{
    private static readonly string[] _quantities = ["output", "gradient of the images", "gradient of the weights"];

    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    [DataRow(48, 32, 32, 4, 4, DisplayName = "whole tiles")]
    [DataRow(13, 32, 48, 7, 7, DisplayName = "tiles that are cut, more outputs than inputs")]
    [DataRow(12, 32, 16, 28, 28, DisplayName = "many blocks of tiles, fewer outputs than inputs")]
    [DataRow(7, 48, 16, 13, 14, DisplayName = "tiles cut by three and by two")]
    [DataRow(3, 16, 48, 17, 30, DisplayName = "images wider than high")]
    [DataRow(200, 96, 128, 4, 4, DisplayName = "a large kernel")]
    [DataRow(100, 512, 512, 4, 4, DisplayName = "a large kernel of several blocks")]
    public void It_convolves_as_libtorch_does(int images, int inputs, int outputs, int height, int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var x = randn([images, inputs, height, width], generator: generator);
        var weight = randn([outputs, inputs, 3, 3], generator: generator);
        var gradient = randn([images, outputs, height, width], generator: generator);
        Assert.AreEqual(inputs >= 32 && outputs >= 32, WinogradConvolution.Suits(x, weight, Of(inputs, outputs)));

        var expected = Backward(x, weight, gradient, (x, weight) => functional.conv2d(x, weight, null, [1, 1], [1, 1]));
        foreach (var laid in (Tensor[])[x, Tensors.ChannelsLast(x)])
        {
            var found = Backward(laid, weight, gradient, WinogradConvolution.Run);
            foreach (var (name, one, other) in _quantities.Zip(found, expected))
            {
                CollectionAssert.AreEqual(other.shape, one.shape, name);
                Assert.AreEqual(0, ((one - other).norm() / other.norm()).item<float>(), 1e-5, name);
            }
        }
    }

    [TestMethod]
    public void Without_gradients_the_output_is_the_same()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(12, 16, 9, 9), randn(16, 16, 3, 3));
        var expected = WinogradConvolution.Run(x, weight.detach().requires_grad_());
        using var noGradients = no_grad();

        Assert.IsTrue(WinogradConvolution.Run(x, weight).equal(expected).all().item<bool>());
    }

    [TestMethod]
    public void Only_what_is_trained_has_a_gradient()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(12, 16, 9, 9), randn(16, 16, 3, 3).requires_grad_());
        WinogradConvolution.Run(x, weight).sum().backward();
        Assert.IsNotNull(weight.grad);
        Assert.IsNull(x.grad);

        (x, weight) = (x.requires_grad_(), weight.detach());
        WinogradConvolution.Run(x, weight).sum().backward();
        Assert.IsNotNull(x.grad);
        Assert.IsNull(weight.grad);
    }

    [TestMethod]
    public void The_same_threads_give_the_same_bits()
    {
        using var scope = NewDisposeScope();
        var (x, weight, gradient) = (randn(40, 32, 11, 11), randn(32, 32, 3, 3), randn(40, 32, 11, 11));
        var first = Backward(x, weight, gradient, WinogradConvolution.Run);
        for (var time = 0; time < 5; time++)
        {
            foreach (var (one, other) in first.Zip(Backward(x, weight, gradient, WinogradConvolution.Run)))
            {
                Assert.IsTrue(one.equal(other).all().item<bool>());
            }
        }
    }

    [TestMethod]
    public void What_it_is_not_for_is_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        var (x, weight, plan) = (zeros(48, 32, 8, 8), zeros(32, 32, 3, 3), Of(32, 32));
        Assert.IsTrue(WinogradConvolution.Suits(x, weight, plan));

        Assert.IsFalse(WinogradConvolution.Suits(x, weight, plan with { Stride = 2 }), "stride");
        Assert.IsFalse(WinogradConvolution.Suits(x, zeros(32, 16, 3, 3), plan with { Groups = 2 }), "groups");
        Assert.IsFalse(WinogradConvolution.Suits(x, weight, plan with { Normalisation = null }), "bias");
        Assert.IsFalse(WinogradConvolution.Suits(x.bfloat16(), weight.bfloat16(), plan), "bfloat16");
        Assert.IsFalse(WinogradConvolution.Suits(x, zeros(32, 32, 1, 1), plan), "1x1");
        Assert.IsFalse(WinogradConvolution.Suits(x, zeros(32, 32, 3, 2), plan), "a part of the kernel");
        Assert.IsFalse(WinogradConvolution.Suits(x, zeros(40, 32, 3, 3), plan), "panels that are not full");
        Assert.IsFalse(WinogradConvolution.Suits(zeros(48, 16, 8, 8), zeros(16, 16, 3, 3), plan), "few channels");
        Assert.IsFalse(WinogradConvolution.Suits(zeros(3, 32, 8, 8), weight, plan), "few tiles");
        Assert.IsFalse(WinogradConvolution.Suits(zeros(48, 32, 2, 2), weight, plan), "tiles of which little is in the image");

        // No memory is taken: each is one value, seen again and again.
        var (images, kernels) = (zeros(1).expand(2, 8192, 32, 32), zeros(1).expand(8192, 8192, 3, 3));
        Assert.IsFalse(WinogradConvolution.Suits(images, kernels, Of(8192, 8192)), "kernels of more values than an int counts");
        images = zeros(1).expand(32, 32, 1024, 1024);
        Assert.IsFalse(WinogradConvolution.Suits(images, weight, plan), "images of more bytes than an int counts");
    }

    [TestMethod]
    [DataRow(false, DisplayName = "normalisation behind the convolutions")]
    [DataRow(true, DisplayName = "normalisation before them: sums are taken of what they put out")]
    public void A_network_learns_the_same_with_it(bool preActivation)
    {
        using var scope = NewDisposeScope();
        var images = rand([16, 3, 28, 28], generator: new Generator(1));
        var labels = arange(16, ScalarType.Int64).remainder(10);
        var architecture = ResNetArchitecture.HalfResNet18 with { PreActivation = preActivation };
        var plan = new NetworkPlan(architecture, new(3, 28, 28), 10);
        using var without = TrainableNetwork.Create(plan, Initialisation.Xavier, seed: 1, CPU, ScalarType.Float32);
        using var with = TrainableNetwork.Create(plan, without.Export(), CPU, ScalarType.Float32);
        with.UsesWinograd = true;
        foreach (var network in (TrainableNetwork[])[without, with])
        {
            functional.cross_entropy(network.Forward(images, training: true), labels).backward();
        }

        // A value near zero that rounding takes to the other side of a ReLU changes all gradients before it: of images that differ by a
        // few millionths, by a thousandth.
        foreach (var (name, expected) in without.Tensors.Where(tensor => tensor.Value.IsTrained))
        {
            var (one, other) = (with.Tensors[name].Compute.grad!, expected.Compute.grad!);
            CollectionAssert.AreEqual(other.shape, one.shape, name);
            Assert.AreEqual(0, ((one - other).norm() / other.norm()).item<float>(), 0.02, name);
        }
    }

    // What libtorch calls may throw nothing through it: the process would end.
    [TestMethod]
    public void What_fails_in_a_backward_pass_is_thrown_behind_it()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(12, 32, 9, 9).requires_grad_(), randn(32, 32, 3, 3).requires_grad_());
        var y = WinogradConvolution.Run(WinogradConvolution.Run(x, weight), weight);
        var indices = zeros([4, 1], ScalarType.Int64);
        var gradient = sparse_coo_tensor(indices, ones(1), [12, 32, 9, 9]);

        Assert.ThrowsExactly<ExternalException>(() => BackwardPass.Run(() => y.backward([gradient])));
        BackwardPass.Run(() => WinogradConvolution.Run(x, weight).sum().backward());
        Assert.IsNotNull(x.grad);
    }

    [TestMethod]
    public void A_step_leaves_no_tensor_behind()
    {
        using var without = NewDisposeScope();
        var (x, weight, gradient) = (randn(12, 32, 9, 9).requires_grad_(), randn(32, 32, 3, 3).requires_grad_(), randn(12, 32, 9, 9));
        var counts = new List<long>();
        for (var step = 0; step < 4; step++)
        {
            using (NewDisposeScope())
            {
                WinogradConvolution.Run(WinogradConvolution.Run(x, weight), weight).backward([gradient]);
            }

            counts.Add(Tensor.TotalCount);
        }

        Assert.AreEqual(counts[1], counts[^1]);
    }

    private static ConvolutionPlan Of(int inputs, int outputs) =>
        new("c", inputs, outputs, Kernel: 3, Stride: 1) { Normalisation = new("n", outputs) };

    private static Tensor[] Backward(Tensor x, Tensor weight, Tensor gradient, Func<Tensor, Tensor, Tensor> convolve)
    {
        (x, weight) = (x.detach().requires_grad_(), weight.detach().requires_grad_());
        var y = convolve(x, weight);
        y.backward([gradient]);
        return [y.detach(), x.grad!, weight.grad!];
    }
}
