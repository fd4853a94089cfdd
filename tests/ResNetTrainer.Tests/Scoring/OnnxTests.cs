using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Formats;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>An exported network is a standard ONNX model that says what the transformer says.</summary>
[TestClass]
public class OnnxTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    [DataRow(ResNetBlock.Basic, ResNetSkip.Convolution)]
    [DataRow(ResNetBlock.Basic, ResNetSkip.NormalizedConvolution)]
    [DataRow(ResNetBlock.Bottleneck, ResNetSkip.NormalizedConvolution)]
    [DataRow(ResNetBlock.Bottleneck, ResNetSkip.Convolution)]
    public void Every_kind_of_network_exports(ResNetBlock block, ResNetSkip skip)
    {
        using var model = Fit(ImageKind.GreyFloats, options =>
            options.Architecture = options.Architecture! with { Block = block, Skip = skip, Depths = new(2, 1, 2, 1) });
        Compare(model, ImageKind.GreyFloats, Images.Size, new());
    }

    [TestMethod]
    [DataRow(20)]
    [DataRow(33)]
    [DataRow(65)]
    public void Small_and_larger_images_export(int size)
    {
        using var model = Fit(ImageKind.Floats, size: size);
        Compare(model, ImageKind.Floats, size, new());
    }

    [TestMethod]
    [DataRow(ImageKind.GreyBytes, ResizeMode.Stretch, 20)]
    [DataRow(ImageKind.GreyBytes, ResizeMode.Stretch, 57)]
    [DataRow(ImageKind.Bytes, ResizeMode.Stretch, 31)]
    [DataRow(ImageKind.Bytes, ResizeMode.CenterCrop, 57)]
    [DataRow(ImageKind.Bytes, ResizeMode.Pad, 21)]
    [DataRow(ImageKind.GreyFloats, ResizeMode.Stretch, 57)]
    public void The_model_can_scale_and_resize_by_itself(ImageKind kind, ResizeMode mode, int size)
    {
        using var model = Fit(kind, options => (options.ImageSize, options.ResizeMode) = (28, mode));
        var bytes = kind is ImageKind.Bytes or ImageKind.GreyBytes;
        Compare(model, kind, size, new() { Resize = true, PixelType = bytes ? OnnxPixelType.Byte : OnnxPixelType.Single });
    }

    [TestMethod]
    [DataRow(ResizeMode.Stretch, 30, 50)]
    [DataRow(ResizeMode.CenterCrop, 30, 50)]
    [DataRow(ResizeMode.CenterCrop, 61, 23)]
    [DataRow(ResizeMode.Pad, 30, 50)]
    [DataRow(ResizeMode.Pad, 61, 23)]
    [DataRow(ResizeMode.Pad, 19, 28)]
    public void Images_that_are_not_square_are_resized_alike(ResizeMode mode, int height, int width)
    {
        using var model = Fit(ImageKind.GreyBytes, options => (options.ImageSize, options.ResizeMode) = (28, mode));
        var data = new MemoryDataView(5, [Images.Vector("Features", i => PixelPattern.Planes(i, 1, height, width), 1, height, width)]);
        var pixels = data.GetColumn<VBuffer<byte>>("Features").SelectMany(row => row.DenseValues()).ToArray();

        var expected = Snapshot.Scores(model.Transform(data));
        var found = Run(
            model.Model, new() { Resize = true, PixelType = OnnxPixelType.Byte }, new DenseTensor<byte>(pixels, [5, 1, height, width]));
        AssertClose(expected.SelectMany(row => row).ToArray(), found.Probabilities);
    }

    [TestMethod]
    public void Test_time_flip_exports_and_is_the_mean_of_both()
    {
        using var plain = Fit(ImageKind.GreyFloats);
        using var flipping = Fit(ImageKind.GreyFloats, options => options.TestTimeAugmentation = TestTimeAugmentation.Flip);
        Assert.AreEqual(TestTimeAugmentation.Flip, flipping.Model.TestTimeAugmentation);
        Compare(flipping, ImageKind.GreyFloats, Images.Size, new());

        float[] Scores(ResNetTransformer model, bool mirrored) => Snapshot.Scores(model.Transform(new MemoryDataView(6,
        [
            Images.Vector("Features", i => Floats(i, mirrored), 1, Images.Size, Images.Size),
        ]))).SelectMany(row => row).ToArray();
        var mean = Scores(plain, false).Zip(Scores(plain, true), (one, other) => (one + other) / 2).ToArray();
        AssertClose(mean, Scores(flipping, false));
        CollectionAssert.AreNotEqual(Scores(plain, false), Scores(flipping, false));

        static float[] Floats(int image, bool mirrored)
        {
            var planes = PixelPattern.Planes(image, 1, Images.Size, Images.Size);
            return [.. Enumerable.Range(0, planes.Length).Select(i =>
                planes[mirrored ? i - (i % Images.Size) + Images.Size - 1 - (i % Images.Size) : i] / 255f)];
        }
    }

    [TestMethod]
    public void Test_time_flip_survives_saving()
    {
        using var model = Fit(ImageKind.GreyBytes, options => options.TestTimeAugmentation = TestTimeAugmentation.Flip);
        var data = Images.Unlabelled(5);
        using var stream = new MemoryStream();
        Ml.Model.Save(model, data.Schema, stream);
        var loaded = (ResNetTransformer)new MLContext().Model.Load(stream, out _);

        Assert.AreEqual(TestTimeAugmentation.Flip, loaded.Model.TestTimeAugmentation);
        CollectionAssert.AreEqual(Snapshot.Scores(model.Transform(data))[3], Snapshot.Scores(loaded.Transform(data))[3]);
    }

    [TestMethod]
    public void It_says_its_classes_its_names_and_its_versions()
    {
        using var model = Fit(ImageKind.GreyBytes);
        using var session = Open(model.Model, new());

        Assert.AreEqual(JsonSerializer.Serialize(Images.ClassNames), session.ModelMetadata.CustomMetadataMap["class_names"]);
        Assert.AreEqual("tiny", session.ModelMetadata.CustomMetadataMap["architecture"]);
        Assert.AreEqual("ResNetMLNet", session.ModelMetadata.ProducerName);
        CollectionAssert.AreEquivalent((string[])["pixels"], session.InputNames.ToArray());
        CollectionAssert.AreEquivalent((string[])["logits", "probabilities", "class"], session.OutputNames.ToArray());
        CollectionAssert.AreEqual((string[])["batch", "", "", ""], session.InputMetadata["pixels"].SymbolicDimensions);
    }

    [TestMethod]
    public void Logits_are_those_of_the_network_and_what_the_softmax_is_taken_of()
    {
        const int Rows = 6;
        using var model = Fit(ImageKind.GreyFloats);
        var data = Images.Unlabelled(Rows, ImageKind.GreyFloats);
        var pixels = data.GetColumn<VBuffer<float>>("Features").SelectMany(row => row.DenseValues()).ToArray();
        using var session = Open(model.Model, new());
        using var results = session.Run(
            [NamedOnnxValue.CreateFromTensor("pixels", new DenseTensor<float>(pixels, [Rows, 1, Images.Size, Images.Size]))]);
        using var scope = torch.NewDisposeScope();
        using var noGradients = torch.no_grad();
        using var network = TrainableNetwork.Create(
            model.Model.Network.Plan, model.Model.Network.Weights, torch.CPU, torch.ScalarType.Float32);
        var images = torch.tensor(pixels, [Rows, 1, Images.Size, Images.Size]);

        Snapshot.AssertNear([network.Forward(images, training: false).data<float>().ToArray()], [Output("logits")], 1e-4);
        Snapshot.AssertNear(
            [.. Output("probabilities").Chunk(Images.ClassNames.Length)],
            [.. Output("logits").Chunk(Images.ClassNames.Length).Select(logits => Softmax(logits))]);

        float[] Output(string name) => results.Single(result => result.Name == name).AsEnumerable<float>().ToArray();

        static float[] Softmax(float[] logits)
        {
            var powers = logits.Select(logit => MathF.Exp(logit - logits.Max())).ToArray();
            return [.. powers.Select(power => power / powers.Sum())];
        }
    }

    [TestMethod]
    public void ApplyOnnxModel_gives_the_same_behind_the_steps_of_images()
    {
        using var folder = new TwoClassFolder();
        var data = Ml.Data.LoadFromImageFolder(folder.Path);
        using var model = folder.Fit(Ml);
        var file = Path.Combine(folder.Path, "m.onnx");
        model.Model.ExportToOnnx(file);
        using var applied = Ml.Transforms.LoadImages("Image", "", "ImagePath")
            .Append(Ml.Transforms.ResizeImages("Image", 20, 20, resizing: ImageResizingEstimator.ResizingKind.IsoCrop))
            .Append(Ml.Transforms.ExtractPixels("pixels", "Image", scaleImage: 1 / 255f))
            .Append(Ml.Transforms.ApplyOnnxModel(["probabilities", "class"], ["pixels"], file)).Fit(data);

        AssertClose(
            Snapshot.Scores(model.Transform(data)).SelectMany(row => row).ToArray(),
            applied.Transform(data).GetColumn<float[]>("probabilities").SelectMany(row => row).ToArray());
    }

    [TestMethod]
    public void ApplyOnnxModel_gives_the_same_in_a_pipeline()
    {
        using var model = Fit(ImageKind.GreyFloats);
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.onnx");
        try
        {
            model.Model.ExportToOnnx(file);
            var data = Images.Labelled(7, ImageKind.GreyFloats);
            var pipeline = Ml.Transforms.CopyColumns("pixels", "Features")
                .Append(Ml.Transforms.ApplyOnnxModel(["probabilities", "class"], ["pixels"], file));
            using var applied = pipeline.Fit(data);
            var scored = applied.Transform(data);

            AssertClose(
                Snapshot.Scores(model.Transform(data)).SelectMany(row => row).ToArray(),
                scored.GetColumn<float[]>("probabilities").SelectMany(row => row).ToArray());
            CollectionAssert.AreEqual(
                Snapshot.Scores(model.Transform(data)).Select(row => (long)Array.IndexOf(row, row.Max())).ToArray(),
                scored.GetColumn<VBuffer<long>>("class").Select(row => row.DenseValues().Single()).ToArray());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void An_export_that_fails_leaves_the_old_file_as_it_was() => InFolder(folder =>
    {
        // Bytes are scaled to [0, 1], and this one was trained on floats of 0 to 255.
        using var model = Images.Trainer(Ml, ImageKind.GreyFloats).Fit(Images.OfWhite(255));
        var file = Path.Combine(folder.FullName, "model.onnx");
        model.Model.ExportToOnnx(file);
        var before = File.ReadAllBytes(file);

        Assert.ThrowsExactly<InvalidOperationException>(
            () => model.Model.ExportToOnnx(file, new() { PixelType = OnnxPixelType.Byte }));
        AssertUntouched();

        // As what goes wrong half way, on a full disk say.
        Assert.ThrowsExactly<TimeoutException>(() => AtomicFile.Write(file, stream =>
        {
            stream.Write("half of it"u8);
            throw new TimeoutException();
        }));
        AssertUntouched();

        void AssertUntouched()
        {
            CollectionAssert.AreEqual(before, File.ReadAllBytes(file));
            Assert.HasCount(1, folder.GetFiles());
        }
    });

    [TestMethod]
    public void An_export_replaces_the_old_file_and_wants_a_folder_that_is_there() => InFolder(folder =>
    {
        using var model = Fit(ImageKind.GreyBytes);
        var (file, other) = (Path.Combine(folder.FullName, "model.onnx"), Path.Combine(folder.FullName, "other.onnx"));
        model.Model.ExportToOnnx(other);
        File.WriteAllText(file, "something else");
        model.Model.ExportToOnnx(file);

        CollectionAssert.AreEqual(File.ReadAllBytes(other), File.ReadAllBytes(file));
        Assert.HasCount(2, folder.GetFiles());
        Assert.ThrowsExactly<DirectoryNotFoundException>(() =>
            model.Model.ExportToOnnx(Path.Combine(folder.FullName, "missing", "model.onnx")));
    });

    private static void InFolder(Action<DirectoryInfo> test)
    {
        var folder = Directory.CreateTempSubdirectory("resnet-onnx-");
        try
        {
            test(folder);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static ResNetTransformer Fit(ImageKind kind, Action<ResNetTrainer.Options>? change = null, int size = Images.Size) =>
        Images.Trainer(Ml, kind, options =>
        {
            (options.NumberOfEpochs, options.Seed) = (2, 3);
            change?.Invoke(options);
        }).Fit(Images.Labelled(24, kind, size: size));

    private static void Compare(ResNetTransformer model, ImageKind kind, int size, OnnxExportOptions options)
    {
        const int rows = 9;
        var data = Images.Unlabelled(rows, kind, size);
        var channels = Images.Channels(kind);
        var found = options.PixelType == OnnxPixelType.Byte
            ? Run(model.Model, options, new DenseTensor<byte>(Pixels<byte>(), [rows, channels, size, size]))
            : Run(model.Model, options, new DenseTensor<float>(Pixels<float>(), [rows, channels, size, size]));

        var expected = Snapshot.Scores(model.Transform(data));
        AssertClose(expected.SelectMany(row => row).ToArray(), found.Probabilities);
        CollectionAssert.AreEqual(expected.Select(row => (long)Array.IndexOf(row, row.Max())).ToArray(), found.Class);

        T[] Pixels<T>() => data.GetColumn<VBuffer<T>>("Features").SelectMany(row => row.DenseValues()).ToArray();
    }

    private static (float[] Probabilities, long[] Class) Run<T>(ResNetModel model, OnnxExportOptions options, DenseTensor<T> pixels)
    {
        using var session = Open(model, options);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("pixels", pixels)]);
        return (
            results.Single(result => result.Name == "probabilities").AsEnumerable<float>().ToArray(),
            results.Single(result => result.Name == "class").AsEnumerable<long>().ToArray());
    }

    // With all of its optimisations, which is its default.
    private static InferenceSession Open(ResNetModel model, OnnxExportOptions options)
    {
        using var stream = new MemoryStream();
        model.ExportToOnnx(stream, options);
        return new(stream.ToArray());
    }

    private static void AssertClose(float[] expected, float[] found)
    {
        Assert.HasCount(expected.Length, found);
        foreach (var (one, other) in expected.Zip(found))
        {
            Assert.AreEqual(one, other, 2e-5f);
        }
    }
}
