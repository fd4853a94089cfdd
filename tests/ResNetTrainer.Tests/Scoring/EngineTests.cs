using ResNetMLNet.Data;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>The engines that score and what feeds them agree with each other.</summary>
[TestClass]
public class EngineTests
{
    [TestMethod]
    [DataRow(TestTimeAugmentation.None)]
    [DataRow(TestTimeAugmentation.Flip)]
    [DataRow(TestTimeAugmentation.FlipAndShift)]
    public void Libtorch_and_Onnx_Runtime_score_alike(TestTimeAugmentation views)
    {
        using var model = Images.Trainer(Images.Context(), ImageKind.Bytes, options => options.TestTimeAugmentation = views)
            .Fit(Images.Labelled(kind: ImageKind.Bytes));
        var random = new Random(1);
        var images = Enumerable.Range(0, 5 * 3 * Images.Size * Images.Size).Select(_ => random.NextSingle()).ToArray();
        using var torch = new TorchScorer(model.Model.Network, gpu: null);
        using var onnx = new OnnxScorer(model.Model.Network);
        var (one, other) = (new float[5 * 3], new float[5 * 3]);
        torch.Score(images, one);
        onnx.Score(images, other);

        Assert.AreEqual(5f, one.Sum(), 1e-5f);
        foreach (var (a, b) in one.Zip(other))
        {
            Assert.AreEqual(a, b, 1e-5f);
        }
    }

    [TestMethod]
    [DataRow(1, 28, 28, 96, 96)]
    [DataRow(3, 50, 31, 20, 24)]
    [DataRow(1, 40, 90, 40, 17)]
    [DataRow(3, 17, 300, 64, 64)]
    public void The_host_resizes_as_the_device_does(int channels, int height, int width, int toHeight, int toWidth)
    {
        ResNetMLNet.Native.TorchRuntime.EnsureLoaded();
        var random = new Random(2);
        var image = Enumerable.Range(0, channels * height * width).Select(_ => random.NextSingle()).ToArray();
        var resizer = new HostResizer();
        foreach (var mode in Enum.GetValues<ResizeMode>())
        {
            using var scope = NewDisposeScope();
            var expected = Resizing.Resize(tensor(image, [1, channels, height, width]), toHeight, toWidth, mode)
                .contiguous().data<float>().ToArray();
            var found = new float[channels * toHeight * toWidth];
            Array.Fill(found, float.NaN);
            ImageShape from = new(channels, height, width);
            resizer.Resize(new FloatRows(image, from), from, found, new(channels, toHeight, toWidth), mode);
            for (var i = 0; i < found.Length; i++)
            {
                Assert.AreEqual(expected[i], found[i], 5e-5f, $"{mode}, value {i}");
            }
        }
    }
}
