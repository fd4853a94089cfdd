using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Persistence;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

[TestClass]
public class SaveAndLoadTests
{
    private static readonly MLContext Ml = Pictures.Context();

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void A_new_process_that_registers_nothing_gets_the_same_scores_to_the_bit()
    {
        var data = Pictures.Labelled(30, PictureKind.Bytes);
        var chain = Pictures.Trainer(Ml, PictureKind.Bytes).Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        var folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
        try
        {
            var (model, pictures) = (Path.Combine(folder, "model.zip"), Path.Combine(folder, "pictures.bin"));
            Ml.Model.Save(chain, data.Schema, model);
            using (var file = File.Create(pictures))
            {
                Ml.Data.SaveAsBinary(data, file);
            }

            var lines = Run(model, pictures);
            Assert.AreEqual(string.Join(",", data.Schema.Select(column => $"{column.Name}:{column.Type}")), lines[0]);
            var expected = Snapshot.Scores(chain.Transform(data))
                .Select(scores => string.Join(" ", scores.Select(score => BitConverter.SingleToUInt32Bits(score).ToString("x8"))));
            CollectionAssert.AreEqual(expected.ToArray(), lines[1..]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void It_saves_with_and_without_a_schema(bool withSchema)
    {
        var data = Pictures.Labelled(12);
        using var model = Pictures.Trainer(Ml).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, withSchema ? data.Schema : null, zip);
        var loaded = new MLContext().Model.Load(zip, out var schema);

        Assert.AreEqual(withSchema, schema is not null);
        Snapshot.AssertEqual(Snapshot.Of(model.Transform(data)), Snapshot.Of(loaded.Transform(data)), "scores");
    }

    [TestMethod]
    public void The_zip_holds_safetensors_beside_a_versioned_header()
    {
        var data = Pictures.Labelled(12);
        using var model = Pictures.Trainer(Ml).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, data.Schema, zip);
        using var archive = new ZipArchive(zip);
        var entries = archive.Entries.ToDictionary(entry => entry.Name);

        using var header = JsonDocument.Parse(entries["model.json"].Open());
        Assert.AreEqual(1, header.RootElement.GetProperty("formatVersion").GetInt32());
        using var weights = new MemoryStream();
        entries["weights.safetensors"].Open().CopyTo(weights);
        weights.Position = 0;
        var tensors = SafeTensors.Read(weights).Tensors;
        CollectionAssert.AreEqual(model.Model.Weights.Tensors["fc.weight"].Data, tensors["fc.weight"].Data);
        Assert.HasCount(model.Model.Weights.Tensors.Count, tensors);
    }

    [TestMethod]
    public void The_history_and_the_seed_are_kept()
    {
        var data = Pictures.Labelled(12);
        using var model = Pictures.Trainer(new MLContext(), change: options => options.ValidationSet = data).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, data.Schema, zip);
        var loaded = (ResNetTransformer)new MLContext().Model.Load(zip, out _);

        Assert.AreEqual(model.Model.Training.Seed, loaded.Model.Training.Seed);
        CollectionAssert.AreEqual(model.Model.History.ToArray(), loaded.Model.History.ToArray());
        Assert.AreEqual(model.Model.Architecture, loaded.Model.Architecture);
    }

    private string[] Run(params string[] arguments)
    {
        // The same configuration and framework as this test's, in the consumer's folder.
        var folder = AppContext.BaseDirectory.Replace("ResNetTrainer.Tests", "Consumer");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "Consumer.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, errors.Result);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
