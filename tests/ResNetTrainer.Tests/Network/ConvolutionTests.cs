using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Convolutions;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Tests.Network;

/// <summary>Convolutions of channels that do not fill the blocks in which libtorch computes, and small ones.</summary>
[TestClass]
public class ConvolutionTests
{
    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    [DataRow(1, 4, 7, 2, 1)]
    [DataRow(3, 24, 3, 1, 1)]
    [DataRow(4, 4, 3, 1, 1)]
    [DataRow(8, 20, 3, 2, 1)]
    [DataRow(24, 24, 3, 1, 1)]
    [DataRow(24, 48, 1, 2, 1)]
    [DataRow(32, 64, 3, 2, 1)]
    [DataRow(48, 48, 3, 2, 1)]
    [DataRow(64, 64, 3, 2, 16)]
    public void A_convolution_is_the_same_whatever_was_in_memory(int inputs, int outputs, int kernel, int stride, int groups)
    {
        var types = (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16];
        foreach (var (type, isLast) in types.SelectMany(type => (bool[])[false, true], (type, isLast) => (type, isLast)))
        {
            using var scope = NewDisposeScope();
            var plan = new ConvolutionPlan("conv", inputs, outputs, kernel, stride) { Groups = groups, IsBiased = true };
            var isFirst = inputs is 1 or 3;
            var x = Random([4, inputs, 8, 8], type, gradient: false);
            x = (isLast ? Tensors.ChannelsLast(x) : x).detach().requires_grad_(!isFirst);
            var weight = Random([outputs, inputs / groups, kernel, kernel], type, gradient: true);
            var bias = Random([outputs], type, gradient: true);

            Dirty();
            var y = LibtorchConvolution.Run(x, weight, bias, plan, KernelWindow.Of(plan, 8, 8));
            var gradient = Random(y.shape, type, gradient: false);
            Dirty();
            y.backward([gradient]);
            Assert.AreEqual(isLast, y.stride(1) == 1, $"{type}: what is put out lies as what is seen");

            var (x2, weight2, bias2) = (Precise(x), Precise(weight), Precise(bias));
            var expected = functional.conv2d(x2, weight2, bias2, [stride, stride], [kernel / 2, kernel / 2], [1, 1], groups);
            expected.backward([gradient.to(ScalarType.Float64)]);
            AssertSame(expected, y, $"{type}, {isLast}, output");
            AssertSame(weight2.grad!, weight.grad!, $"{type}, {isLast}, gradient of the weights");
            AssertSame(bias2.grad!, bias.grad!, $"{type}, {isLast}, gradient of the bias");
            if (!isFirst)
            {
                AssertSame(x2.grad!, x.grad!, $"{type}, {isLast}, gradient of the inputs");
            }
        }
    }

    [TestMethod]
    [DataRow(3, 16, 3, 1)]
    [DataRow(16, 32, 3, 2)]
    [DataRow(16, 32, 1, 2)]
    public void Weights_whose_channels_lie_together_are_the_same_weights(int inputs, int outputs, int kernel, int stride)
    {
        using var scope = NewDisposeScope();
        var plan = new ConvolutionPlan("conv", inputs, outputs, kernel, stride);
        var x = Random([4, inputs, 8, 8], ScalarType.Float32, gradient: false);
        var weight = Random([outputs, inputs, kernel, kernel], ScalarType.Float32, gradient: true);
        var last = Tensors.ChannelsLast(weight.detach()).requires_grad_();
        Tensor Run(Tensor weight)
        {
            var y = LibtorchConvolution.Run(x, weight, null, plan, KernelWindow.Of(plan, 8, 8));
            y.pow(2).sum().backward();
            return y;
        }

        Assert.AreEqual(1, last.stride(1));
        AssertSame(Run(weight).to(ScalarType.Float64), Run(last), "output");
        AssertSame(weight.grad!.to(ScalarType.Float64), last.grad!, "gradient of the weights");
    }

    [TestMethod]
    [DataRow(4, 4, 3, 1, 3)]
    [DataRow(7, 7, 3, 2, 3)]
    [DataRow(4, 4, 1, 1, 3)]
    [DataRow(7, 7, 1, 2, 3)]
    [DataRow(2, 2, 3, 1, 3)]
    [DataRow(3, 6, 3, 1, 3)]
    [DataRow(1, 6, 3, 1, 3, DisplayName = "a part of the kernel meets the image")]
    [DataRow(13, 13, 3, 2, 3)]
    [DataRow(4, 4, 3, 1, 0)]
    public void Gradients_of_kernels_on_small_images_are_products_of_matrices(int height, int width, int kernel, int stride, int images)
    {
        using var scope = NewDisposeScope();
        var plan = new ConvolutionPlan("conv", 32, 64, kernel, stride);
        var window = KernelWindow.Of(plan, height, width);
        foreach (var isLast in (bool[])[false, true])
        {
            var x = Random([images, 32, height, width], ScalarType.BFloat16, gradient: false);
            x = (isLast ? Tensors.ChannelsLast(x) : x).detach().requires_grad_();
            var whole = Random([64, 32, kernel, kernel], ScalarType.BFloat16, gradient: false);
            var weight = window.View(whole).contiguous().detach().requires_grad_();
            var (x2, weight2) = (Precise(x), Precise(whole));
            Assert.IsTrue(WeightGradient.Suits(x, weight, stride));

            // As the sum of a block does, in place.
            var y = LibtorchConvolution.Run(x, weight, null, plan, window).add_(1);
            var expected = functional.conv2d(x2, weight2, null, [stride, stride], [kernel / 2, kernel / 2]).add(1);
            var gradient = Random(y.shape, ScalarType.BFloat16, gradient: false);
            y.backward([gradient]);
            expected.backward([gradient.to(ScalarType.Float64)]);
            if (images == 0)
            {
                Assert.AreEqual(0, weight.grad!.abs().max().to(ScalarType.Float32).item<float>());
                continue;
            }

            AssertSame(expected, y, "output");
            AssertSame(window.View(weight2.grad!), weight.grad!, "gradient of the weights");
            AssertSame(x2.grad!, x.grad!, "gradient of the inputs");
        }
    }

    [TestMethod]
    public void Such_gradients_leave_no_tensor_behind()
    {
        using var without = NewDisposeScope();
        var plan = new ConvolutionPlan("conv", 32, 32, 3, 1);
        var window = KernelWindow.Of(plan, 4, 4);
        var x = Random([3, 32, 4, 4], ScalarType.BFloat16, gradient: true);
        var weight = Random([32, 32, 3, 3], ScalarType.BFloat16, gradient: true);
        var gradient = Random([3, 32, 4, 4], ScalarType.BFloat16, gradient: false);
        var counts = new List<long>();
        for (var step = 0; step < 4; step++)
        {
            using (NewDisposeScope())
            {
                var y = LibtorchConvolution.Run(LibtorchConvolution.Run(x, weight, null, plan, window), weight, null, plan, window);
                BackwardPass.Run(() => y.backward([gradient]));
            }

            counts.Add(Tensor.TotalCount);
        }

        Assert.AreEqual(counts[1], counts[^1]);
    }

    [TestMethod]
    public void Behind_frozen_layers_the_kernel_alone_has_a_gradient()
    {
        using var scope = NewDisposeScope();
        var plan = new ConvolutionPlan("conv", 32, 64, 3, 1);
        var x = Random([2, 32, 4, 4], ScalarType.BFloat16, gradient: false);
        var weight = Random([64, 32, 3, 3], ScalarType.BFloat16, gradient: true);

        var weight2 = Precise(weight);
        LibtorchConvolution.Run(x, weight, null, plan, KernelWindow.Of(plan, 4, 4)).square().sum().backward();
        functional.conv2d(x.to(ScalarType.Float64), weight2, padding: [1, 1]).square().sum().backward();

        Assert.IsNull(x.grad);
        AssertSame(weight2.grad!, weight.grad!, "gradient of the weights");
    }

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(1, true)]
    [DataRow(5, false)]
    [DataRow(5, true)]
    public void Every_second_pixel_and_its_gradient_lie_as_the_image_does(int channels, bool isLast)
    {
        using var scope = NewDisposeScope();
        var x = Random([2, channels, 5, 4], ScalarType.Float32, gradient: false);
        x = (isLast ? Tensors.ChannelsLast(x) : x).detach().requires_grad_();
        var expected = x.detach().slice(2, 0, 5, 2).slice(3, 0, 4, 2);

        var y = Tensors.Every(2, x);
        y.backward([ones_like(y)]);

        Assert.AreEqual(0, (y.detach() - expected).abs().max().item<float>());
        var gradient = zeros_like(x).detach();
        gradient.slice(2, 0, 5, 2).slice(3, 0, 4, 2).fill_(1);
        Assert.AreEqual(0, (x.grad! - gradient).abs().max().item<float>());
        if (channels > 1)
        {
            Assert.AreEqual(isLast, y.stride(1) == 1);
            Assert.AreEqual(isLast, x.grad!.stride(1) == 1);
        }
    }

    [TestMethod]
    [DataRow(64, 28, 1, true)]
    [DataRow(256, 4, 1, false)]
    [DataRow(256, 7, 2, false)]
    [DataRow(256, 5, 1, true)]
    [DataRow(512, 7, 1, true)]
    public void Channels_of_a_pixel_lie_together_but_in_the_last_stages_of_wide_networks(int outputs, int size, int stride, bool isLast)
    {
        using var scope = NewDisposeScope();
        var plain = zeros([2, 32, size, size], ScalarType.BFloat16);
        foreach (var x in (Tensor[])[plain, Tensors.ChannelsLast(plain)])
        {
            var ordered = ChannelOrder.For(x, new("conv", 32, outputs, 3, stride));

            Assert.AreEqual(isLast, ordered.stride(1) == 1);
            Assert.AreEqual(!isLast, ordered.is_contiguous());
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void Channels_that_come_last_are_the_same_values(int channels)
    {
        using var scope = NewDisposeScope();
        var x = Random([2, channels, 5, 4], ScalarType.Float32, gradient: false);

        var last = Tensors.ChannelsLast(x);

        CollectionAssert.AreEqual((long[])[20 * channels, 1, 4 * channels, channels], last.stride());
        Assert.AreEqual(0, (last - x).abs().max().item<float>());
        foreach (var part in (Tensor[])[x[1..2], x[1..2].narrow(2, 1, 3), x.narrow(2, 1, 3)])
        {
            Assert.AreEqual(0, (Tensors.ChannelsLast(part) - part).abs().max().item<float>(), "what lies behind other values");
        }
    }

    [TestMethod]
    [DataRow(1, 4, 1, 16)]
    [DataRow(4, 16, 16, 16)]
    [DataRow(24, 48, 32, 64)]
    [DataRow(64, 128, 64, 128)]
    public void Channels_are_added_until_blocks_are_whole(int inputs, int outputs, int expectedInputs, int expectedOutputs)
    {
        using var scope = NewDisposeScope();
        var x = Random([2, inputs, 5, 5], ScalarType.Float32, gradient: false);
        var weight = Random([outputs, inputs, 3, 3], ScalarType.Float32, gradient: false);
        long[] seen = [];

        var y = WholeBlocks.Convolve(x, weight, bias: null, (image, kernel, _) =>
        {
            seen = [.. kernel.shape[..2], image.shape[1]];
            return functional.conv2d(image.to(ScalarType.Float64), kernel.to(ScalarType.Float64), padding: [1, 1]);
        });

        CollectionAssert.AreEqual((long[])[expectedOutputs, expectedInputs, expectedInputs], seen);
        AssertSame(functional.conv2d(Precise(x), Precise(weight), padding: [1, 1]), y, "output");
    }

    [TestMethod]
    [DataRow(1, 8, 1, 1, 5)]
    [DataRow(1, 8, 3, 2, 5)]
    [DataRow(1, 16, 3, 1, 4)]
    [DataRow(3, 8, 1, 2, 5)]
    public void Small_convolutions_are_products_of_matrices(int images, int channels, int kernel, int stride, int size)
    {
        using var threads = NativeThreads.Use(1);
        using var scope = NewDisposeScope();
        var plan = new ConvolutionPlan("conv", channels, channels, kernel, stride);
        var x = Random([images, channels, size, size], ScalarType.Float32, gradient: true);
        var weight = Random([channels, channels, kernel, kernel], ScalarType.Float32, gradient: true);
        var bias = Random([channels], ScalarType.Float32, gradient: true);
        var (x2, weight2, bias2) = (Precise(x), Precise(weight), Precise(bias));

        var y = LibtorchConvolution.Run(x, weight, bias, plan, KernelWindow.Of(plan, size, size));

        Assert.IsTrue(UnfoldedConvolution.Suits(x, weight, stride: 1), "libtorch would ask NNPACK");
        var expected = functional.conv2d(x2, weight2, bias2, [stride, stride], [kernel / 2, kernel / 2]);
        AssertSame(expected, y, "output");
        y.square().sum().backward();
        expected.square().sum().backward();
        foreach (var (precise, found) in ((Tensor, Tensor)[])[(x2, x), (weight2, weight), (bias2, bias)])
        {
            AssertSame(precise.grad!, found.grad!, "gradient");
        }
    }

    private static void AssertSame(Tensor expected, Tensor found, string what) => Assert.IsLessThan(
        0.01, ((found.detach().to(ScalarType.Float64) - expected.detach()).norm() / expected.detach().norm()).item<double>(), what);

    private static Tensor Random(long[] shape, ScalarType type, bool gradient) =>
        RandomTensors.Normal(shape, seed: 7).to(type).detach().requires_grad_(gradient);

    private static Tensor Precise(Tensor tensor) => tensor.detach().to(ScalarType.Float64).requires_grad_();

    // What is freed is what the next tensors are made of.
    private static void Dirty() =>
        Array.ForEach([.. Enumerable.Range(1, 60).Select(times => full(times * 256, 1000f))], (Tensor used) => used.Dispose());
}
