using System.Text.Json;
using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>--frozen-stages: layers that stay as they are.</summary>
[TestClass]
public sealed class FrozenStagesTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void All_stages_leave_the_linear_layer_to_train()
    {
        var run = SampleProcess.RunHere(
            [.. _folder.Training, "--start-from", _folder.Model, "--frozen-stages", "4", "--out", _folder.At("out")]);

        run.Succeeded();
        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        Assert.AreEqual("model", metrics.RootElement.GetProperty("start").GetString());
        Assert.AreEqual(4, metrics.RootElement.GetProperty("frozenStages").GetInt32());
        var (before, after) = (Weights(_folder.Model), Weights(_folder.At("out", "model.zip")));
        foreach (var (name, tensor) in before.Tensors)
        {
            Assert.AreEqual(!name.StartsWith("fc", StringComparison.Ordinal), tensor.Data.SequenceEqual(after.Tensors[name].Data), name);
        }
    }

    [TestMethod]
    public void They_need_trained_weights()
    {
        var run = SampleProcess.RunHere([.. _folder.Training, "--frozen-stages", "4"]);

        Assert.AreEqual(2, run.Status);
        StringAssert.Contains(run.Error, "--frozen-stages needs trained weights: --pretrained");
    }

    [TestMethod]
    [DataRow("5", 2, "between -1 and 4")]
    [DataRow("4", 1, "--frozen-stages is 4, but it must be -1 (nothing), 0 (the stem), or up to 3")]
    public void No_more_can_be_frozen_than_the_network_has(string stages, int status, string message)
    {
        var (ml, three) = (Images.Context(), _folder.At("three.zip"));
        var data = ml.Data.LoadFromImageFolder(_folder.Images);
        using var model = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
        {
            FeatureColumnName = "ImageBytes",
            ImageSize = 20,
            NumberOfEpochs = 1,
            Architecture = ResNetArchitecture.ResNet20 with { Depths = new(1, 1, 1), Width = 4 },
            Device = ComputeDevice.Cpu,
        }).Fit(data);
        ml.Model.Save(model, data.Schema, three);

        var run = SampleProcess.RunHere([.. _folder.Training, "--start-from", three, "--frozen-stages", stages]);

        Assert.AreEqual(status, run.Status, run.Error);
        StringAssert.Contains(run.Error, message);
    }

    private static NamedTensors Weights(string model)
    {
        // A pipeline's, and that of the folder by itself.
        var loaded = Images.Context().Model.Load(model, out _);
        using var transformer = ResNetTransformer.Find(loaded);
        return transformer.Model.Network.Weights;
    }
}
