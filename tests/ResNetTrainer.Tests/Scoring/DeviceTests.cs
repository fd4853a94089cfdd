using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>A model that is there can be scored on another device.</summary>
[TestClass]
public sealed class DeviceTests
{
    [TestMethod]
    public void On_the_cpu_it_gives_the_same_and_outlives_the_one_it_was_made_of()
    {
        var data = Images.Labelled(5, ImageKind.GreyFloats);
        using var model = Images.Trainer(Images.Context()).Fit(data);
        var expected = Snapshot.Scores(model.Transform(data));

        using var onCpu = model.WithDevice(ComputeDevice.Cpu);
        model.Dispose();

        foreach (var (row, other) in expected.Zip(Snapshot.Scores(onCpu.Transform(data))))
        {
            CollectionAssert.AreEqual(row, other);
        }

        Assert.AreSame(model.Model, onCpu.Model);
        Assert.AreEqual(ComputeDevice.Cpu, onCpu.WithRejectBelow(0.5).Device, "The device stays.");
    }

    [TestMethod]
    public void Without_a_gpu_cuda_is_an_error_or_a_warning()
    {
        if (torch.cuda.is_available())
        {
            Assert.Inconclusive("There is a GPU.");
        }

        var data = Images.Labelled(5, ImageKind.GreyFloats);
        foreach (var fallsBack in (bool[])[false, true])
        {
            var ml = Images.Context();
            ml.FallbackToCpu = fallsBack;
            List<string> warnings = [];
            ml.Log += (_, e) => warnings.Add(e.Message);
            using var model = Images.Trainer(ml).Fit(data).WithDevice(ComputeDevice.Cuda);
            if (fallsBack)
            {
                Assert.HasCount(5, Snapshot.Scores(model.Transform(data)));
                Assert.IsTrue(warnings.Any(line => line.Contains("no GPU that TorchSharp can use", StringComparison.Ordinal)));
            }
            else
            {
                var error = Assert.Throws<Exception>(() => Snapshot.Scores(model.Transform(data)));
                StringAssert.Contains(error.ToString(), "no GPU that TorchSharp can use");
            }
        }
    }

    [TestMethod]
    public void There_is_no_other_device()
    {
        using var model = Images.Trainer(Images.Context()).Fit(Images.Labelled(5, ImageKind.GreyFloats));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.WithDevice((ComputeDevice)7));
    }
}
