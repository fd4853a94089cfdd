using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>The sample as its users start it, on a few images.</summary>
[TestClass]
public class CommandLineTests
{
    private static string _folder = "";

    private static string Model => Path.Combine(_folder, "out", "model.zip");

    [ClassInitialize]
    public static void Train(TestContext _)
    {
        _folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
        SampleProcess.WriteImages(Path.Combine(_folder, "images"));
        var (status, output, error) = Run(
            "--images", Path.Combine(_folder, "images"), "--epochs", "2", "--image-size", "24", "--batch-size", "8",
            "--precision", "float32", "--device", "cpu", "--out", Path.Combine(_folder, "out"));
        Assert.AreEqual(0, status, error);
        StringAssert.Contains(output, "epoch  2 of 2");
        StringAssert.Contains(output, "scored with mirror images");
        StringAssert.Contains(output, "loaded model.zip into a new MLContext");
    }

    [ClassCleanup]
    public static void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Train_leaves_a_model_metrics_charts_and_a_report_and_nothing_else()
    {
        CollectionAssert.AreEquivalent(SampleFolder.Results, SampleFolder.NamesIn(Path.Combine(_folder, "out")));
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));
        foreach (var name in (string[])
        [
            "device", "precision", "architecture", "recipe", "imageSize", "batchSize", "learningRate", "seed", "resizeMode", "classWeights",
            "neverFlipped", "start", "trainImages", "testImages", "parameters", "epochs", "testAccuracy", "imagesPerSecond", "totalSeconds",
            "peakMemoryBytes",
        ])
        {
            Assert.AreNotEqual(JsonValueKind.Null, metrics.RootElement.GetProperty(name).ValueKind, name);
        }

        var test = metrics.RootElement.GetProperty("testImages").GetInt32();
        Assert.IsGreaterThan(0, test);
        Assert.AreEqual(30, metrics.RootElement.GetProperty("trainImages").GetInt32() + test);
        var epoch = metrics.RootElement.GetProperty("epochs")[1];
        foreach (var name in (string[])["epoch", "trainLoss", "trainAccuracy", "testLoss", "testAccuracy", "imagesPerSecond", "seconds"])
        {
            Assert.AreEqual(JsonValueKind.Number, epoch.GetProperty(name).ValueKind, name);
        }
    }

    [TestMethod]
    public void Trained_weights_are_fine_tuned_in_whatever_precision_the_machine_has()
    {
        var folder = Path.Combine(_folder, "tuned");
        var run = SampleProcess.RunHere(
        [
            "train", "--images", Path.Combine(_folder, "images"), "--pretrained", "--image-size", "64", "--epochs", "1", "--device", "cpu",
            "--out", folder,
        ]);

        Assert.AreEqual(0, run.Status, run.Error);
        StringAssert.Contains(run.Output, "resnet-2-2-2-3");
        CollectionAssert.AreEquivalent(SampleFolder.Results, SampleFolder.NamesIn(folder));
    }

    [TestMethod]
    public void Metrics_are_those_of_the_model()
    {
        var model = ResNetTransformer.Find(new MLContext().Model.Load(Model, out _)).Model;
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));
        var root = metrics.RootElement;

        Assert.AreEqual(model.Architecture.Name, root.GetProperty("architecture").GetString());
        Assert.AreEqual(model.ParameterCount, root.GetProperty("parameters").GetInt64());
        Assert.AreEqual(8, root.GetProperty("batchSize").GetInt32());
        Assert.AreEqual(24, root.GetProperty("imageSize").GetInt32());
        Assert.AreEqual(model.Training.LearningRate, root.GetProperty("learningRate").GetDouble());
        Assert.AreEqual(0, root.GetProperty("seed").GetInt64());
        Assert.AreEqual("centercrop", root.GetProperty("resizeMode").GetString());
        Assert.AreEqual("equal", root.GetProperty("classWeights").GetString());
        Assert.AreEqual("none", root.GetProperty("start").GetString());
        Assert.AreEqual(JsonValueKind.Null, root.GetProperty("frozenStages").ValueKind, "Left to the recipe.");
        Assert.IsGreaterThan(10_000_000, root.GetProperty("peakMemoryBytes").GetInt64());
        var rows = root.GetProperty("epochs").EnumerateArray().ToArray();
        Assert.HasCount(2, rows);
        foreach (var (row, epoch) in rows.Zip(model.History))
        {
            double Value(string name) => row.GetProperty(name).GetDouble();
            Assert.AreEqual(epoch.Epoch, Value("epoch"));
            Assert.AreEqual(epoch.TrainLoss, Value("trainLoss"), 1e-6);
            Assert.AreEqual(epoch.TrainAccuracy, Value("trainAccuracy"), 1e-6);
            Assert.AreEqual(epoch.ValidationLoss!.Value, Value("testLoss"), 1e-6);
            Assert.AreEqual(epoch.ValidationAccuracy!.Value, Value("testAccuracy"), 1e-6);
        }
    }

    [TestMethod]
    public void Metrics_have_their_names_in_their_order()
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "out", "metrics.json")));

        CollectionAssert.AreEqual(
            (string[])
            [
                "device", "precision", "architecture", "recipe", "imageSize", "batchSize", "learningRate", "seed", "resizeMode",
                "classWeights", "augmentation", "neverFlipped", "start", "frozenStages", "trainImages", "testImages", "parameters",
                "epochs", "testAccuracy", "imagesPerSecond", "totalSeconds", "peakMemoryBytes",
            ],
            Names(metrics.RootElement));
        CollectionAssert.AreEqual(
            (string[])["epoch", "trainLoss", "trainAccuracy", "testLoss", "testAccuracy", "imagesPerSecond", "seconds"],
            Names(metrics.RootElement.GetProperty("epochs")[0]));

        static string[] Names(JsonElement element) => [.. element.EnumerateObject().Select(member => member.Name)];
    }

    [TestMethod]
    public void Evaluate_prints_JSON()
    {
        var (status, output, error) = Run("evaluate", "--model", Model, "--images", Path.Combine(_folder, "images"), "--json");

        Assert.AreEqual(0, status, error);
        using var result = JsonDocument.Parse(output);
        Assert.AreEqual(30, result.RootElement.GetProperty("images").GetInt32());
        Assert.AreEqual(3, result.RootElement.GetProperty("confusion").GetArrayLength());
        CollectionAssert.AreEquivalent(
            Images.ClassNames, result.RootElement.GetProperty("classes").EnumerateArray().Select(name => name.GetString()).ToArray());
    }

    [TestMethod]
    public void Predict_prints_JSON()
    {
        var file = Path.Combine(_folder, "images", "top", "0.png");
        var (status, output, error) = Run("predict", "--model", Model, "--json", file, file);

        Assert.AreEqual(0, status, error);
        using var result = JsonDocument.Parse(output);
        Assert.AreEqual(2, result.RootElement.GetArrayLength());
        var first = result.RootElement[0];
        Assert.AreEqual(file, first.GetProperty("file").GetString());
        Assert.AreEqual(
            first.GetProperty("probability").GetSingle(),
            first.GetProperty("scores").GetProperty(first.GetProperty("label").GetString()!).GetSingle());
    }

    [TestMethod]
    public void A_pattern_that_the_shell_has_left_is_the_files_that_match()
    {
        var folder = Path.Combine(_folder, "images", "top");
        var run = SampleProcess.RunHere(["predict", "--model", Model, Path.Combine(folder, "*.png")]);

        Assert.AreEqual(0, run.Status, run.Error);
        Assert.HasCount(Directory.GetFiles(folder).Length, run.OutputLines);
        StringAssert.Contains(SampleProcess.RunHere(["predict", "--model", Model, Path.Combine(folder, "*.gif")]).Error, "*.gif");
    }

    [TestMethod]
    public void Predict_names_the_file_that_is_no_image_and_answers_for_the_others()
    {
        var broken = Path.Combine(_folder, "broken.png");
        File.WriteAllBytes(broken, EncodedImages.BmpHeader(0x80000000, 4, 4));
        string[] files = [ImageOf("top", 0), broken, ImageOf("middle", 1)];
        var (status, output, error) = Run(["predict", "--model", Model, .. files]);
        var (_, json, _) = Run(["predict", "--model", Model, "--json", .. files]);

        Assert.AreEqual(1, status);
        Assert.HasCount(1, error.Trim().Split('\n'));
        Assert.Contains(broken, error);
        var lines = output.Trim().Split('\n');
        Assert.HasCount(2, lines);
        Assert.StartsWith($"{files[0]}: ", lines[0]);
        Assert.StartsWith($"{files[2]}: ", lines[1]);
        using var all = JsonDocument.Parse(json);
        CollectionAssert.AreEqual(files, all.RootElement.EnumerateArray().Select(each => each.GetProperty("file").GetString()).ToArray());
        Assert.AreEqual(JsonValueKind.Null, all.RootElement[1].GetProperty("scores").ValueKind);
        Assert.AreEqual(JsonValueKind.Object, all.RootElement[2].GetProperty("scores").ValueKind);

        static string ImageOf(string name, int number) => Path.Combine(_folder, "images", name, $"{number}.png");
    }

    [TestMethod]
    public void Of_a_model_of_numbers_is_said_that_they_may_have_been_made_in_another_way()
    {
        var (numbers, two) = (Path.Combine(_folder, "numbers.zip"), Path.Combine(_folder, "two.zip"));
        var (ml, data) = (Images.Context(), Images.Labelled(24, ImageKind.Floats));
        using (var model = Images.Trainer(ml, ImageKind.Floats, options => options.ImageSize = 20).Fit(data))
        {
            ml.Model.Save(model, data.Schema, numbers);
            ml.Model.Save(new TransformerChain<ITransformer>(model, new TransformerChain<ITransformer>(model)), data.Schema, two);
        }

        var file = Path.Combine(_folder, "images", "top", "0.png");
        var run = SampleProcess.RunHere(["predict", "--model", numbers, file]);
        Assert.AreEqual(0, run.Status, run.Error);
        StringAssert.Contains(run.Error, "trained on a column of numbers, 'Features'");

        run = SampleProcess.RunHere(["predict", "--model", two, file]);
        Assert.AreEqual(1, run.Status);
        StringAssert.Contains(run.Error, "more than one residual network");
    }

    [TestMethod]
    public void A_model_of_the_default_training_takes_images_of_any_size()
    {
        var (data, target) = (Path.Combine(_folder, "idx"), Path.Combine(_folder, "default"));
        Directory.CreateDirectory(data);
        foreach (var (part, count) in ((string, byte)[])[("train", 40), ("t10k", 20)])
        {
            var (pixels, labels) = (new byte[count * 28 * 28], Enumerable.Range(0, count).Select(row => (byte)(row % 10)));
            new Random(count).NextBytes(pixels);
            File.WriteAllBytes(
                Path.Combine(data, $"{part}-images-idx3-ubyte"), [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28, .. pixels]);
            File.WriteAllBytes(Path.Combine(data, $"{part}-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, count, .. labels]);
        }

        var run = SampleProcess.RunHere(
            ["train", "--data", data, "--epochs", "1", "--device", "cpu", "--precision", "float32", "--out", target]);
        Assert.AreEqual(0, run.Status, run.Error);
        StringAssert.Contains(File.ReadAllText(Path.Combine(target, "metrics.json")), "\"imageSize\": 28");

        run = SampleProcess.RunHere(
            ["predict", "--model", Path.Combine(target, "model.zip"), Path.Combine(_folder, "images", "top", "0.png")]);
        Assert.AreEqual(0, run.Status, run.Error);
    }

    [TestMethod]
    public void A_training_from_a_model_sees_images_as_large_as_it_did()
    {
        var run = Run(
            "train", "--images", Path.Combine(_folder, "images"), "--start-from", Model, "--epochs", "1", "--device", "cpu",
            "--precision", "float32", "--out", Path.Combine(_folder, "more"));

        Assert.AreEqual(0, run.Status, run.Error);
        StringAssert.Contains(run.Output, "images of 3x24x24");
    }

    [TestMethod]
    public void Of_several_processes_each_says_what_it_was_asked_for()
    {
        using var process = SampleProcess.Start(["summary"], environment: [("PMI_SIZE", "2"), ("PMI_RANK", "1")]);

        StringAssert.Contains(process.StandardOutput.ReadToEnd(), "11,174,474");
    }

    [TestMethod]
    [DataRow("resnet20", 2, 2)]
    [DataRow("resnet20", 3, 0)]
    [DataRow("resnet50", 16, 2)]
    [DataRow("resnet50", 17, 0)]
    public void Summary_shows_any_network_for_images_of_which_its_last_stage_sees_more_than_a_pixel(string network, int size, int status) =>
        Assert.AreEqual(status, Run("summary", "--architecture", network, "--image-size", $"{size}").Status);

    [TestMethod]
    public void Summary_says_what_a_model_is()
    {
        using var folder = new SampleFolder();

        var (status, output, error) = Run("summary", "--model", folder.Model);

        Assert.AreEqual(0, status, error);
        foreach (var part in (string[])["tiny", "3×20×20", "cpu", "bottom, middle, top", "20,095"])
        {
            StringAssert.Contains(output, part);
        }

        Assert.AreEqual(2, Run("summary", "--model", folder.Model, "--image-size", "20").Status);
    }

    [TestMethod]
    public void Summary_prints_the_chapters_table()
    {
        var (status, output, _) = Run("summary");

        Assert.AreEqual(0, status);
        foreach (var shape in (string[])["64x56x56", "128x28x28", "256x14x14", "512x7x7", "512x1x1", "11,174,474"])
        {
            StringAssert.Contains(output, shape);
        }
    }

    [TestMethod]
    [DataRow("evaluate", "--model", "nothing.zip")]
    [DataRow("predict", "--model", "nothing.zip", "nothing.png")]
    [DataRow("explain", "--model", "nothing.zip", "--out", "nothing", "nothing.png")]
    [DataRow("train", "--data", "/nowhere")]
    [DataRow("train", "--images", "/nowhere")]
    public void Failures_are_one_clear_line(params string[] arguments)
    {
        var (status, _, error) = Run(arguments);

        Assert.AreEqual(1, status);
        Assert.HasCount(1, error.Split('\n', StringSplitOptions.RemoveEmptyEntries), error);
        Assert.DoesNotContain("   at ", error);
    }

    [TestMethod]
    public void A_damaged_model_is_one_clear_line()
    {
        var damaged = Path.Combine(_folder, "damaged.zip");
        File.WriteAllBytes(damaged, File.ReadAllBytes(Model)[..^500]);
        var (status, _, error) = Run("evaluate", "--model", damaged);

        Assert.AreEqual(1, status);
        StringAssert.Contains(error, "damaged.zip");
        Assert.HasCount(1, error.Split('\n', StringSplitOptions.RemoveEmptyEntries), error);
    }

    [TestMethod]
    [DataRow("--epochs", "many")]
    [DataRow("--nonsense")]
    [DataRow("evaluate", "--images")]
    [DataRow("predict", "--model", "model.zip")]
    [DataRow("predict", "--model", "model.zip", "")]
    [DataRow("explain", "--model", "model.zip", "image.png")]
    [DataRow("explain", "--model", "model.zip", "--out", "maps")]
    [DataRow("explain", "--model", "model.zip", "--out", "", "image.png")]
    [DataRow("explain", "image.png")]
    [DataRow("evaluate", "--model", "model.zip", "--images", "")]
    [DataRow("--out", "")]
    [DataRow("--device", "tpu")]
    [DataRow("--download", "--data", "/tmp")]
    [DataRow("summary", "--image-size", "3")]
    [DataRow("train", "--resume")]
    [DataRow("train", "--checkpoint")]
    public void Wrong_usage_has_status_2(params string[] arguments)
    {
        var (status, _, error) = Run(arguments);

        Assert.AreEqual(2, status);
        StringAssert.Contains(error, "--help");
    }

    [TestMethod]
    public void Export_writes_the_weights()
    {
        var target = Path.Combine(_folder, "weights.safetensors");
        var (status, _, error) = Run("export", "--model", Model, "--safetensors", target);

        Assert.AreEqual(0, status, error);
        using var file = File.OpenRead(target);
        Assert.IsTrue(ResNetMLNet.Formats.SafeTensors.Read(file).Tensors.ContainsKey("layer4.1.conv2.weight"));
    }

    [TestMethod]
    public void Export_writes_an_onnx_model()
    {
        var target = Path.Combine(_folder, "model.onnx");
        var (status, output, error) = Run("export", "--model", Model, "--onnx", target, "--onnx-bytes", "--onnx-resize");

        Assert.AreEqual(0, status, error);
        StringAssert.Contains(output, "wrote");
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(target);
        CollectionAssert.AreEqual((string[])["batch", "", "height", "width"], session.InputMetadata["pixels"].SymbolicDimensions);
        Assert.AreEqual(typeof(byte), session.InputMetadata["pixels"].ElementType);
    }

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(true, true)]
    public void An_exported_network_takes_bytes_and_any_size_where_that_is_asked_for(bool bytes, bool resize)
    {
        var target = Path.Combine(_folder, $"{bytes}-{resize}.onnx");
        string[] flags = [.. bytes ? (string[])["--onnx-bytes"] : [], .. resize ? (string[])["--onnx-resize"] : []];
        SampleProcess.RunHere(["export", "--model", Model, "--onnx", target, .. flags]).Succeeded();

        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(target);
        var pixels = session.InputMetadata["pixels"];
        Assert.AreEqual(bytes ? typeof(byte) : typeof(float), pixels.ElementType);
        CollectionAssert.AreEqual(resize ? (int[])[-1, 3, -1, -1] : [-1, 3, 24, 24], pixels.Dimensions);
    }

    [TestMethod]
    public void Export_without_a_target_is_wrong_usage()
    {
        var (status, _, error) = Run("export", "--model", Model);

        Assert.AreEqual(2, status);
        StringAssert.Contains(error, "--onnx");
    }

    private static ProgramRun Run(params string[] arguments) => SampleProcess.Run(arguments, _folder);
}
