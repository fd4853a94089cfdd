using ResNetMLNet.Formats;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Tests.Weights;

/// <summary>Weights for colours see a grey image as they see the same image in three equal channels.</summary>
[TestClass]
public class StemChannelTests
{
    private const int Size = 64;

    // Means and deviations that differ more than ImageNet's do.
    private static readonly PixelStatistics _colours = new([0.6f, 0.4f, 0.2f], [0.1f, 0.2f, 0.4f]);

    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    public void The_first_convolution_puts_out_the_same_but_for_an_offset()
    {
        using var scope = NewDisposeScope();
        var grey = _colours.For(1)!;
        var weights = rand(5, 3, 7, 7).sub(0.5);
        var stem = new NamedTensors.Values([5, 3, 7, 7], weights.data<float>().ToArray());
        var channels = new StemChannels(stem, _colours, grey);
        var images = rand(2, 1, 20, 20);
        static Tensor Standardised(Tensor x, PixelStatistics by) =>
            (x - tensor(by.Mean.ToArray()).view(1, -1, 1, 1)) / tensor(by.Deviation.ToArray()).view(1, -1, 1, 1);

        var expected = functional.conv2d(Standardised(images.expand(2, 3, 20, 20), _colours), weights);
        var summed = tensor(channels.Weights(1)).view(5, 1, 7, 7);
        var offsets = tensor(channels.Offsets()).to_type(ScalarType.Float32).view(1, 5, 1, 1);

        Assert.IsLessThan(1e-3f, (functional.conv2d(Standardised(images, grey), summed) + offsets - expected).abs().max().item<float>());
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Networks_for_colours_see_grey_as_they_did(bool isStandardised)
    {
        using var scope = NewDisposeScope();
        var statistics = isStandardised ? PixelStatistics.ImageNet : null;
        var weights = ForeignWeights.Create();
        var plan = new NetworkPlan(ForeignWeights.Architecture, new(3, Size, Size), ForeignWeights.Classes) { Statistics = statistics };
        var grey = new NetworkPlan(plan.Architecture, new(1, Size, Size), plan.Classes) { Statistics = statistics?.For(1) };
        using var colours = new FoldedNetwork(plan, weights, CPU);
        using var one = new FoldedNetwork(grey, WeightImport.Fit(weights, grey, new(), statistics), CPU);
        var images = rand(4, 1, Size, Size);

        var (expected, actual) = (colours.Forward(images.expand(4, 3, Size, Size)), one.Forward(images));

        // The zeros beyond the border are another grey.
        var difference = ((actual - expected).norm() / expected.norm()).item<float>();
        Assert.IsLessThan(isStandardised ? 0.05f : 1e-5f, difference);
    }
}
