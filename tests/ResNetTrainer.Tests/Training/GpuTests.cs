using System.Globalization;
using Microsoft.ML;
using ResNetMLNet.Native;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Training;

/// <summary>Training and scoring on a GPU, where there is one. The other tests run on it with TEST_DEVICE=Cuda.</summary>
[TestClass]
public class GpuTests
{
    [TestInitialize]
    public void RequireGpu()
    {
        TorchRuntime.EnsureLoaded();
        if (!torch.cuda.is_available())
        {
            Assert.Inconclusive("There is no GPU here.");
        }
    }

    [TestMethod]
    public void It_is_taken_unasked_and_learns()
    {
        using var model = Fit(options => (options.Device, options.Precision, options.NumberOfEpochs) =
            (ComputeDevice.Auto, ComputePrecision.Auto, 30));

        Assert.AreEqual("cuda:0", model.Model.Training.Device);
        Assert.AreEqual(CudaDriver.ComputeCapability(0).Major >= 8 ? "bfloat16" : "float32", model.Model.Training.Precision);
        Assert.AreEqual(1, model.Model.History[^1].TrainAccuracy, 0.05);
        var ml = Images.Context();
        Assert.AreEqual(1, ml.MulticlassClassification.Evaluate(model.Transform(Images.Labelled())).MicroAccuracy, 0.05);
    }

    [TestMethod]
    [DataRow(TestTimeAugmentation.None)]
    [DataRow(TestTimeAugmentation.FlipAndShift)]
    public void A_model_scores_there_as_on_the_CPU(TestTimeAugmentation views)
    {
        using var model = Fit(options => (options.TestTimeAugmentation, options.NumberOfEpochs) = (views, 5));
        var random = new Random(1);
        var images = Enumerable.Range(0, 50 * Images.Size * Images.Size).Select(_ => random.NextSingle()).ToArray();
        using var gpu = new TorchScorer(model.Model.Network, gpu: 0);
        using var cpu = new TorchScorer(model.Model.Network, gpu: null);
        var (one, other) = (new float[50 * 3], new float[50 * 3]);
        gpu.Score(images, one);
        cpu.Score(images, other);

        Assert.AreEqual(0, one.Zip(other, (a, b) => Math.Abs(a - b)).Max(), 1e-5);
    }

    [TestMethod]
    public void A_training_goes_the_way_it_goes_on_the_CPU()
    {
        void Set(ResNetTrainer.Options options) =>
            (options.Augmentation, options.NumberOfEpochs) = (Augmentation.Flip | Augmentation.Shift, 2);
        using var onGpu = Fit(Set);
        using var onCpu = Fit(options =>
        {
            Set(options);
            options.Device = ComputeDevice.Cpu;
        });

        foreach (var (one, other) in onGpu.Model.History.Zip(onCpu.Model.History))
        {
            Assert.AreEqual(other.TrainLoss, one.TrainLoss, 1e-3);
            Assert.AreEqual(other.LearningRate, one.LearningRate);
        }
    }

    [TestMethod]
    public void Its_memory_stays_flat()
    {
        var used = new List<long>();
        for (var fit = 0; fit < 12; fit++)
        {
            using (var model = Fit(options => options.ValidationFraction = 0.25))
            {
                _ = Images.Context().MulticlassClassification.Evaluate(model.Transform(Images.Labelled()));
            }

            used.Add(MemoryUsed());
        }

        Assert.AreEqual(used[2], used[^1], 4, string.Join(' ', used));
    }

    [TestMethod]
    public void Too_large_a_network_is_told_what_to_lower()
    {
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(options =>
            (options.Architecture, options.ImageSize) = (ResNetArchitecture.BookResNet18 with { Width = 256 }, 4096)).Dispose()).Message;

        foreach (var word in (string[])["GPU", "BatchSize", "ImageSize"])
        {
            Assert.Contains(word, message);
        }

        // And the memory is free again.
        Fit(_ => { }).Dispose();
    }

    [TestMethod]
    public void A_GPU_that_is_not_there_is_told_how_many_there_are()
    {
        var count = torch.cuda.device_count();
        var ml = new MLContext(1) { GpuDeviceId = count };
        var message = Assert.ThrowsExactly<InvalidOperationException>(
            () => Images.Trainer(ml, change: options => options.Device = ComputeDevice.Cuda).Fit(Images.Labelled())).Message;

        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"There is no GPU {count}: there are {count}"), message);
    }

    private static ResNetTransformer Fit(Action<ResNetTrainer.Options> change) => Images.Trainer(Images.Context(), change: options =>
    {
        options.Device = ComputeDevice.Cuda;
        change(options);
    }).Fit(Images.Labelled());

    private static long MemoryUsed() => long.Parse(
        Programs.Run(new("nvidia-smi", ["--query-gpu=memory.used", "--format=csv,noheader,nounits"])).Succeeded().Split('\n')[0],
        CultureInfo.InvariantCulture);
}
