using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

[TestClass]
public class SaveAndLoadTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    [DataRow(ImageKind.Bytes, true)]
    [DataRow(ImageKind.SparseFloats, true)]
    [DataRow(ImageKind.Encoded, true)]
    [DataRow(ImageKind.GreyBytes, false)]
    public void A_new_process_that_registers_nothing_gets_the_same_scores_to_the_bit(ImageKind kind, bool withSchema) => InFolder(folder =>
    {
        var data = Images.Labelled(30, kind);
        var chain = Images.Trainer(Ml, kind, options => options.Device = ComputeDevice.Auto)
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        var (model, images) = (Path.Combine(folder, "model.zip"), Path.Combine(folder, "images.bin"));
        Ml.Model.Save(chain, withSchema ? data.Schema : null, model);
        using (var file = File.Create(images))
        {
            Ml.Data.SaveAsBinary(data, file);
        }

        var lines = Run(model, images);
        Assert.AreEqual(string.Join(",", withSchema ? data.Schema.Select(column => $"{column.Name}:{column.Type}") : []), lines[0]);
        var expected = Snapshot.Scores(chain.Transform(data))
            .Select(scores => string.Join(" ", scores.Select(score => BitConverter.SingleToUInt32Bits(score).ToString("x8"))));
        CollectionAssert.AreEqual(expected.ToArray(), lines[1..]);
    });

    [TestMethod]
    public void Images_are_left_out_of_a_saved_schema_and_scored_all_the_same() => InFolder(folder =>
    {
        var data = Images.Labelled(12, ImageKind.Image);
        using var model = Images.Trainer(Ml, ImageKind.Image, options => options.Device = ComputeDevice.Auto).Fit(data);
        Ml.Model.Save(model, data.Schema, Path.Combine(folder, "model.zip"));
        var loaded = new MLContext().Model.Load(Path.Combine(folder, "model.zip"), out var schema);

        CollectionAssert.AreEqual((string[])["Label"], schema.Select(column => column.Name).ToArray());
        Snapshot.AssertEqual(Snapshot.Of(model.Transform(data)), Snapshot.Of(loaded.Transform(data)), "scores");
    });

    [TestMethod]
    [DataRow(ResizeMode.Stretch)]
    [DataRow(ResizeMode.CenterCrop)]
    [DataRow(ResizeMode.Pad)]
    public void How_images_are_resized_and_columns_named_is_kept(ResizeMode mode)
    {
        var data = new MemoryDataView(
            12, Images.Vector("Wide", Wide, 1, 20, 40), Images.Key(LabelKind.Integer, "Kind"));
        using var model = Images.Trainer(Ml, change: options =>
        {
            (options.FeatureColumnName, options.LabelColumnName) = ("Wide", "Kind");
            (options.ScoreColumnName, options.PredictedLabelColumnName) = ("Probabilities", "Guess");
            (options.ImageSize, options.ResizeMode, options.Device) = (24, mode, ComputeDevice.Auto);
        }).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, data.Schema, zip);
        using var loaded = (ResNetTransformer)new MLContext().Model.Load(zip, out _);

        Assert.AreEqual(
            ("Wide", "Probabilities", "Guess"),
            (loaded.FeatureColumnName, loaded.ScoreColumnName, loaded.PredictedLabelColumnName));
        Assert.AreEqual((1, 24, 24), (loaded.Model.ImageChannels, loaded.Model.ImageHeight, loaded.Model.ImageWidth));
        CollectionAssert.AreEqual((string[])["-7", "0", "1000000"], loaded.Model.ClassNames.ToArray());
        Snapshot.AssertEqual(Snapshot.Of(model.Transform(data)), Snapshot.Of(loaded.Transform(data)), "scores");

        // The square in the middle, without what is on its sides, looks the same to CenterCrop only.
        var middle = new MemoryDataView(
            12, Images.Vector("Wide", row => Wide(row).Where((_, i) => i % 40 is >= 10 and < 30).ToArray(), 1, 20, 20));
        var same = Snapshot.Scores(loaded.Transform(data), "Probabilities")[0]
            .Zip(Snapshot.Scores(loaded.Transform(middle), "Probabilities")[0])
            .All(pair => Math.Abs(pair.First - pair.Second) < 1e-6);
        Assert.AreEqual(mode == ResizeMode.CenterCrop, same);

        // Beside the square, its edges go on for a while, so that resizing makes nothing of where it was cut.
        static byte[] Wide(int row) => PixelPattern.Planes(row, 1, 20, 20) is var square
            ? [.. Enumerable.Range(0, 800).Select(i =>
                i % 40 is < 5 or >= 35 ? (byte)255 : square[(i / 40 * 20) + Math.Clamp((i % 40) - 10, 0, 19)])]
            : [];
    }

    [TestMethod]
    public void A_loaded_model_is_saved_again_as_it_was()
    {
        var data = Images.Labelled(12);
        using var model = Images.Trainer(Ml).Fit(data);
        using var first = new MemoryStream();
        using var second = new MemoryStream();
        Ml.Model.Save(model, data.Schema, first);
        var other = new MLContext();
        other.Model.Save(other.Model.Load(first, out var schema), schema, second);

        foreach (var name in (string[])["model.json", "weights.safetensors", "KeyValues.bin"])
        {
            CollectionAssert.AreEqual(Entry(first, name), Entry(second, name), name);
        }
    }

    [TestMethod]
    public void Any_reader_of_safetensors_can_read_the_weights()
    {
        var data = Images.Labelled(12);
        using var model = Images.Trainer(Ml).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, data.Schema, zip);

        // By the description of the format alone: the header's length, the header, the tensors without gaps.
        var file = Entry(zip, "weights.safetensors");
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using var header = JsonDocument.Parse(file.AsMemory(8, length));
        var tensors = header.RootElement.EnumerateObject()
            .Where(each => each.Name != "__metadata__").ToDictionary(each => each.Name, each => each.Value);
        var end = 0L;
        foreach (var tensor in tensors.Values.OrderBy(each => each.GetProperty("data_offsets")[1].GetInt64()))
        {
            var start = tensor.GetProperty("data_offsets")[0].GetInt64();
            Assert.AreEqual(end, start);
            end = tensor.GetProperty("data_offsets")[1].GetInt64();
            var values = tensor.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, side) => product * side.GetInt64());
            var size = tensor.GetProperty("dtype").GetString() switch { "F32" => 4, "I64" => 8, _ => 0 };
            Assert.AreEqual(size * values, end - start);
        }

        Assert.AreEqual(file.Length - 8 - length, end);
        Assert.AreEqual("[4,1,7,7]", tensors["conv1.weight"].GetProperty("shape").GetRawText());
        Assert.AreEqual("[3,32]", tensors["fc.weight"].GetProperty("shape").GetRawText());
        var bias = tensors["fc.bias"].GetProperty("data_offsets")[0].GetInt64();
        Assert.AreEqual(
            model.Model.Network.Weights.Tensors["fc.bias"].Data[1],
            BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan((int)(8 + length + bias + 4))));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void It_saves_with_and_without_a_schema(bool withSchema)
    {
        var data = Images.Labelled(12);
        using var model = Images.Trainer(Ml).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, withSchema ? data.Schema : null, zip);
        var loaded = new MLContext().Model.Load(zip, out var schema);

        Assert.AreEqual(withSchema, schema is not null);
        Snapshot.AssertEqual(Snapshot.Of(model.Transform(data)), Snapshot.Of(loaded.Transform(data)), "scores");
    }

    [TestMethod]
    public void The_zip_holds_safetensors_beside_a_versioned_header()
    {
        var data = Images.Labelled(12);
        using var model = Images.Trainer(Ml).Fit(data);
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
        CollectionAssert.AreEqual(model.Model.Network.Weights.Tensors["fc.weight"].Data, tensors["fc.weight"].Data);
        Assert.HasCount(model.Model.Network.Weights.Tensors.Count, tensors);
    }

    [TestMethod]
    public void The_history_and_the_seed_are_kept()
    {
        var data = Images.Labelled(12);
        using var model = Images.Trainer(new MLContext(), change: options => options.ValidationSet = data).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, data.Schema, zip);
        var loaded = (ResNetTransformer)new MLContext().Model.Load(zip, out _);

        Assert.AreEqual(model.Model.Training.Seed, loaded.Model.Training.Seed);
        CollectionAssert.AreEqual(model.Model.History.ToArray(), loaded.Model.History.ToArray());
        Assert.AreEqual(model.Model.Architecture, loaded.Model.Architecture);
    }

    private static byte[] Entry(Stream zip, string name)
    {
        using var archive = new ZipArchive(zip, ZipArchiveMode.Read, leaveOpen: true);
        using var stream = archive.Entries.Single(entry => entry.Name == name).Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static void InFolder(Action<string> test)
    {
        var folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
        try
        {
            test(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string[] Run(params string[] arguments)
    {
        var consumer = Programs.PathOf("tests", "Consumer");

        // Scoring must not need it: this is what proves that it does not.
        Assert.IsEmpty(Directory.GetFiles(Path.GetDirectoryName(consumer)!, "*torch_cpu*", SearchOption.AllDirectories));
        return Programs.Run(new("dotnet", [consumer, .. arguments])).Succeeded().TrimEnd().Split('\n', StringSplitOptions.TrimEntries);
    }
}
