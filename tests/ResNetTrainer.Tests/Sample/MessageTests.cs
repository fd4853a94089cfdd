using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using ResNetMLNet.Sample;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What the sample says when something is wrong: one line, which names what it is about.</summary>
[TestClass]
public sealed class MessageTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("images", "evaluate", "--model", "{}", "--images", "{}")]
    [DataRow("images", "train", "--images", "{images}", "--start-from", "{}", "--device", "cpu")]
    [DataRow("images", "export", "--model", "{model.zip}", "--onnx", "{}")]
    [DataRow("images", "export", "--model", "{model.zip}", "--safetensors", "{}")]
    public void A_folder_where_a_file_is_wanted_is_called_a_folder(string name, params string[] arguments) =>
        Run(arguments, name).AssertFailed(_folder.At(name), "is a folder");

    [TestMethod]
    [DataRow("--images")]
    [DataRow("--data")]
    public void A_file_where_a_folder_is_wanted_is_called_a_file(string option) =>
        Run(["evaluate", "--model", "{model.zip}", option, "{}"], "model.zip").AssertFailed(_folder.Model, "is a file", option);

    [TestMethod]
    [DataRow("evaluate", "--model", "{}")]
    [DataRow("train", "--images", "{images}", "--start-from", "{}", "--device", "cpu")]
    [DataRow("evaluate", "--model", "{model.zip}", "--data", "{}")]
    [DataRow("evaluate", "--model", "{model.zip}", "--images", "{}")]
    [DataRow("predict", "--model", "{model.zip}", "{}")]
    [DataRow("explain", "--model", "{model.zip}", "--out", "{out}", "{}")]
    public void What_is_not_there_is_named_with_its_option(params string[] arguments)
    {
        var run = Run(arguments, "nothing");

        run.AssertFailed(_folder.At("nothing"));
        if (arguments[^1] == "{}" && arguments[^2].StartsWith("--", StringComparison.Ordinal))
        {
            StringAssert.Contains(run.Error, arguments[^2]);
        }
    }

    [TestMethod]
    public void Advice_is_in_the_words_of_the_command_line()
    {
        string[] training = [.. _folder.Training, "--out", _folder.At("out"), "--checkpoint", _folder.At("checkpoints")];
        SampleProcess.RunHere(training).Succeeded();

        var again = SampleProcess.RunHere(training);
        var gpu = SampleProcess.RunHere(["train", "--images", _folder.Images, "--device", "cuda:9", "--out", _folder.At("out")]);

        again.AssertFailed("--resume", "--checkpoint");
        Assert.DoesNotContain("Resume =", again.Error);
        Assert.DoesNotContain("Checkpoints.Directory", again.Error);
        gpu.AssertFailed("--device cpu");
        Assert.DoesNotContain("MLContext", gpu.Error);
    }

    [TestMethod]
    [DataRow("--checkpoint", "--checkpoint", "{checkpoints}", "--resume", "--learning-rate", "0.3")]
    [DataRow("--test-images", "--test-images", "{elsewhere}")]
    [DataRow("--images", "--images", "{one}")]
    [DataRow("--image-size", "--image-size", "8", "--architecture", "RESNET50")]
    [DataRow("--start-from", "--start-from", "{model.zip}", "--architecture", "resnet20")]
    [DataRow("--start-from", "--start-from", "{model.zip}", "--data", "{shipped}")]
    public void No_error_speaks_of_options_in_code(string named, params string[] arguments)
    {
        _folder.Copy("top", "one");
        _folder.Copy("top", "elsewhere", "another");
        var checkpoints = _folder.At("checkpoints");
        if (arguments.Contains("--resume"))
        {
            SampleProcess.RunHere([.. _folder.Training, "--out", _folder.At("out"), "--checkpoint", checkpoints]).Succeeded();
        }

        arguments = [.. arguments.Select(argument => argument == "{shipped}" ? ResNetMLNet.Sample.Images.FashionMnist.Shipped : argument)];
        string[] usual = arguments.Intersect(["--images", "--data"]).Any() ? [] : ["--images", "{images}"];
        var run = Run(["train", .. usual, "--epochs", "1", "--device", "cpu", "--out", "{out}", .. arguments], "");

        run.AssertFailed();
        Assert.DoesNotMatchRegex("StartFrom|Image[CS]|Architecture|classNames|CrossValidate|TrainTestSplit|Label", run.Error);
        StringAssert.Contains(run.Error, named);
    }

    [TestMethod]
    [DataRow("--onnx")]
    [DataRow("--safetensors")]
    public void A_folder_to_export_to_that_is_not_there_is_named(string option)
    {
        var run = Run(["export", "--model", "{model.zip}", option, "{}"], Path.Combine("nowhere", "file"));

        run.AssertFailed($"'{_folder.At("nowhere")}' does not exist", option);
    }

    [TestMethod]
    public void An_empty_folder_has_no_data() => Run(["train", "--data", "{}"], Directory.CreateDirectory(_folder.At("empty")).Name)
        .AssertFailed(_folder.At("empty"), "--data");

    [TestMethod]
    public void A_GPU_that_is_not_there_is_said()
    {
        if (TorchSharp.torch.cuda.is_available() && TorchSharp.torch.cuda.device_count() > 9)
        {
            Assert.Inconclusive("There are ten GPUs.");
        }

        Run(["train", "--images", "{images}", "--device", "cuda:9", "--out", "{}"], "out").AssertFailed("GPU");
    }

    [TestMethod]
    public void A_file_given_twice_is_predicted_twice()
    {
        var file = _folder.At("images", "top", "0.png");
        var run = SampleProcess.RunHere(["predict", "--model", _folder.Model, file, file]);

        Assert.AreEqual(0, run.Status, run.Error);
        Assert.HasCount(2, run.OutputLines);
        Assert.AreEqual(run.OutputLines[0], run.OutputLines[1]);
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void Names_with_control_characters_do_not_break_the_lines()
    {
        _folder.Copy("top", "strange", "new\nline");
        _folder.Copy("bottom", "strange", "\u001b[31mred");
        var model = _folder.At("strange.zip");
        SampleFolder.Train(_folder.At("strange"), model);
        string[] files = [.. Directory.GetFiles(_folder.At("strange"), "0.png", SearchOption.AllDirectories)];

        var predicted = SampleProcess.RunHere(["predict", "--model", model, .. files]);
        var evaluated = SampleProcess.RunHere(["evaluate", "--model", model, "--images", _folder.At("strange")]);
        var failed = SampleProcess.RunHere(["evaluate", "--model", model, "--images", _folder.Images]);
        var json = SampleProcess.RunHere(["predict", "--model", model, "--json", .. files]);

        Assert.HasCount(files.Length, predicted.OutputLines, predicted.Output);
        Assert.HasCount(4, evaluated.OutputLines, evaluated.Output);
        failed.AssertFailed();
        Assert.DoesNotContain('\u001b', predicted.Output + evaluated.Output + failed.Error);
        CollectionAssert.IsSubsetOf(
            JsonDocument.Parse(json.Output).RootElement.EnumerateArray().Select(each => each.GetProperty("label").GetString()).ToArray(),
            (string[])["new\nline", "\u001b[31mred"]);
    }

    [TestMethod]
    public void Predict_has_its_JSON_names_in_their_order()
    {
        var run = SampleProcess.RunHere(["predict", "--model", _folder.Model, "--json", _folder.At("images", "top", "0.png")]);

        CollectionAssert.AreEqual(
            (string[])["file", "label", "probability", "scores"],
            JsonDocument.Parse(run.Output).RootElement[0].EnumerateObject().Select(member => member.Name).ToArray());
    }

    [TestMethod]
    public void The_sample_does_without_JSON_by_reflection()
    {
        // As a trimmed program has it; so the other tests show that training, evaluate and predict work like that.
        var file = Path.ChangeExtension(typeof(Exit).Assembly.Location, ".runtimeconfig.json");
        using var configuration = JsonDocument.Parse(File.ReadAllText(file));

        Assert.IsFalse(configuration.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties")
            .GetProperty("System.Text.Json.JsonSerializer.IsReflectionEnabledByDefault").GetBoolean());
    }

    [TestMethod]
    public void A_message_of_our_own_is_not_replaced_by_its_raw_cause() => Assert.AreEqual(
        "The checkpoint folder cannot be used.",
        Exit.Explain(new InvalidOperationException(
            "The checkpoint folder cannot be used.", new KeyNotFoundException("The given key was not present."))));

    [TestMethod]
    public void What_ML_NET_and_reflection_wrap_is_unwrapped()
    {
        Exception error = new InvalidOperationException("The model is of a newer version.", new IOException("It is of format 99."));
        foreach (var _ in (int[])[1, 2])
        {
            error = new InvalidOperationException("Error during class instantiation", new TargetInvocationException(error));
        }

        Assert.AreEqual("The model is of a newer version.", Exit.Explain(new AggregateException(error)));
        Assert.AreEqual("The model is of a newer version.", Exit.Explain(new InvalidOperationException(
            "Splitter/consolidator worker encountered exception while consuming source data", error)));
        Assert.AreEqual("The model is of a newer version.", Exit.Explain(new TypeInitializationException("SomeType", error)));
    }

    [TestMethod]
    public void A_message_that_points_at_its_cause_gives_it_too() => Assert.AreEqual(
        "The SSL connection could not be established. The certificate has expired.",
        Exit.Explain(new HttpRequestException(
            "The SSL connection could not be established, see inner exception.", new IOException("The certificate has expired."))));

    [TestMethod]
    public void The_trace_in_a_message_of_libtorch_is_left_out() => Assert.AreEqual(
        "Expected 4-dimensional input, but got 3-dimensional.",
        Exit.Explain(new ExternalException(
            "Expected 4-dimensional input,\nbut got 3-dimensional.\n"
            + "Exception raised from check at Conv.cpp:1 (most recent call first):\nframe #0: x")));

    private ProgramRun Run(string[] arguments, string name) => SampleProcess.RunHere([.. arguments.Select(argument => argument switch
    {
        "{}" => _folder.At(name),
        ['{', .. var known, '}'] => _folder.At(known),
        _ => argument,
    })]);
}
