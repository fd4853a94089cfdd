using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.OnnxRuntime;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Formats;

/// <summary>
/// Files that earlier versions wrote are read for good. What is in Fixtures/version-1 was written by 0.1, the first of them.
/// </summary>
[TestClass]
public class CompatibilityTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "version-1");
    private static readonly JsonElement Expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "expected.json"))).RootElement;

    private static float[][] Scores => Expected.GetProperty("scores").Deserialize<float[][]>()!;

    [TestMethod]
    public void A_model_zip_gives_the_scores_that_it_gave()
    {
        var model = new MLContext().Model.Load(Path.Combine(Folder, "model.zip"), out _);

        Snapshot.AssertNear(Scores, Snapshot.Scores(model.Transform(Images.Labelled(6))), 1e-6);
    }

    [TestMethod]
    public void An_ONNX_file_and_one_exported_now_give_the_same_scores_to_the_bit()
    {
        var model = (ResNetTransformer)new MLContext().Model.Load(Path.Combine(Folder, "model.zip"), out _);
        using var stream = new MemoryStream();
        model.Model.ExportToOnnx(stream);

        CollectionAssert.AreEqual(Run(File.ReadAllBytes(Path.Combine(Folder, "model.onnx"))), Run(stream.ToArray()));
    }

    // The same training twice; the book's network was then called resnet18.
    [TestMethod]
    [DataRow("", "tiny")]
    [DataRow("book", "resnet18-book")]
    public void A_checkpoint_within_an_epoch_is_resumed_to_the_model_that_came_of_it(string subfolder, string network)
    {
        var folder = Directory.CreateTempSubdirectory("resnet-checkpoints-").FullName;
        try
        {
            foreach (var checkpoint in Directory.GetFiles(Path.Combine(Folder, subfolder), "checkpoint-*"))
            {
                File.Copy(checkpoint, Path.Combine(folder, Path.GetFileName(checkpoint)));
            }

            using var model = Images.Trainer(Images.Context(), change: options =>
            {
                options.Architecture = options.Architecture! with { Name = network };
                (options.NumberOfEpochs, options.Augmentation, options.ImageSize, options.ResizeMode) =
                    (3, Augmentation.Flip, 24, ResizeMode.Pad);
                (options.BestWeightsBy, options.ValidationSet) = (TrainingMetric.ValidationLoss, Images.Labelled(12));
                options.Checkpoints = new() { Directory = folder, Resume = true };

                // The number of threads that the checkpoint was written with.
                options.Threads = 2;
            }).Fit(Images.Labelled(30));

            Snapshot.AssertNear(Scores, Snapshot.Scores(model.Transform(Images.Labelled(6))), 1e-5);
            foreach (var (expected, epoch) in Expected.GetProperty("losses").EnumerateArray().Zip(model.Model.History))
            {
                Assert.AreEqual(expected.GetDouble(), epoch.TrainLoss, 1e-5);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static float[] Run(byte[] model)
    {
        using var session = new InferenceSession(model);
        var input = Enumerable.Range(0, 24 * 24).Select(i => i % 7 / 7f).ToArray();
        using var value = OrtValue.CreateTensorValueFromMemory(input, [1, 1, 24, 24]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, ["pixels"], [value], ["probabilities"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
