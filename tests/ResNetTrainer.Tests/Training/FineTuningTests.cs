using Microsoft.ML;
using ResNetMLNet.Fitting;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

/// <summary>What training makes of weights that come from elsewhere, where nothing is said of it.</summary>
[TestClass]
public sealed class FineTuningTests : IDisposable
{
    private const double Divisor = 3.5;

    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("resnet-tuning-").FullName, "weights.safetensors");

    private static IEnumerable<object[]> Networks =>
    [
        [ResNetArchitecture.BookResNet18],
        [ResNetArchitecture.ResNet18],
        [ResNetArchitecture.ResNet50],
        [ResNetArchitecture.PreActivationResNet18],
    ];

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void Features_can_be_divided_and_all_else_stays(ResNetArchitecture architecture)
    {
        TorchRuntime.EnsureLoaded();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var plan = new NetworkPlan(architecture with { Width = 8 }, new(1, 32, 32), 3);
        using var network = Trained(plan);
        var images = rand(4, 1, 32, 32);
        var before = network.Features(images);
        var weights = network.Export();

        network.Import(FeatureScale.Divide(weights, plan, Divisor));

        Assert.IsTrue(FeatureScale.IsFree(plan));
        var difference = ((network.Features(images) * Divisor) - before).norm() / before.norm();
        Assert.IsLessThan(1e-4f, difference.item<float>());
        var changed = network.Export().Tensors.Where(pair => !pair.Value.Data.SequenceEqual(weights.Tensors[pair.Key].Data));
        Assert.IsTrue(changed.All(pair => pair.Key.StartsWith(plan.Closing?.Name ?? "layer4", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Features_can_be_divided_where_channels_hardly_vary()
    {
        TorchRuntime.EnsureLoaded();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var plan = new NetworkPlan(ResNetArchitecture.ResNet18 with { Width = 8 }, new(1, 32, 32), 3);
        using var network = Trained(plan);
        var weights = network.Export();
        var variances = weights.Tensors["layer4.1.bn1.running_var"].Data;
        (variances[0], variances[1]) = (0, 1e-6f);
        network.Import(weights);
        var images = rand(4, 1, 32, 32);
        var before = network.Features(images);

        network.Import(FeatureScale.Divide(weights, plan, Divisor));

        Assert.IsLessThan(1e-4f, (((network.Features(images) * Divisor) - before).norm() / before.norm()).item<float>());
    }

    [TestMethod]
    [DataRow(1f, false)]
    [DataRow(255f, true)]
    [DataRow(2f, true, -2f, DisplayName = "standardised already")]
    public void Pixels_that_are_not_as_the_weights_take_them_are_said(float white, bool isSaid, float black = 0)
    {
        Start(options => { });
        var log = new List<string>();
        var ml = Images.Context(log);
        var data = Images.OfWhite(white, rows: 24, black);
        Images.Trainer(ml, ImageKind.GreyFloats, options => options.InitialWeights =
            InitialWeights.FromFile(_file, new PixelStatistics([0.5f], [0.2f]))).Fit(data).Dispose();

        var isThere = log.Any(line => line.Contains("standardise them by themselves", StringComparison.Ordinal));
        Assert.AreEqual(isSaid, isThere, string.Join("\n", log));
    }

    [TestMethod]
    public void Features_of_networks_that_pad_with_zeros_are_left_as_they_are()
    {
        var plan = new NetworkPlan(ResNetArchitecture.ResNet20, new(1, 32, 32), 3);
        Assert.AreEqual(ResNetSkip.ZeroPadding, plan.Architecture.Skip);
        Assert.IsFalse(FeatureScale.IsFree(plan));
    }

    [TestMethod]
    public void The_stem_the_first_stage_and_all_statistics_stay_as_they_were()
    {
        var expected = Start(options => { });
        using var model = Fit(options => options.LearningRate = 0.01);

        var actual = model.Model.Network.Weights.Tensors;
        foreach (var (name, tensor) in expected.Tensors.Where(pair => !LinearPlan.IsOf(pair.Key)))
        {
            Assert.AreEqual(Stays(name), tensor.Data.SequenceEqual(actual[name].Data), name);
        }
    }

    [TestMethod]
    public void Features_have_a_mean_square_of_1_at_the_start_whatever_they_had()
    {
        Start(options => { });
        using var model = Fit(options => (options.LearningRate, options.NumberOfEpochs) = (1e-12, 1));
        var ml = Images.Context();
        var features = ml.Transforms.ResNetFeatures("Out", model, "Features").Fit(Images.Labelled(30));
        var values = Snapshot.Scores(features.Transform(Images.Labelled(30)), "Out").SelectMany(row => row).ToArray();
        Assert.AreEqual(1, values.Average(value => value * value), 0.02);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow(0)]
    [DataRow(4)]
    public void Whatever_is_trained_can_be_in_bfloat16(int? frozen)
    {
        Start(options => { });
        var ml = Images.Context();
        using var model = Fit(options => (options.Precision, options.FrozenStages, options.ValidationFraction, options.Calibrate) =
            (ComputePrecision.BFloat16, frozen, 0.3, true));

        Assert.AreEqual("bfloat16", model.Model.Training.Precision);
        Assert.IsTrue(model.Model.History.All(epoch => double.IsFinite(epoch.TrainLoss)));
        Assert.IsNotNull(model.Model.Training.Calibration);
        using var again = Images.Trainer(ml, change: options =>
            (options.StartFrom, options.Precision, options.FrozenStages) = (model, ComputePrecision.BFloat16, frozen))
            .Fit(Images.Labelled(30));
        Assert.HasCount(1, again.Model.History);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow(0L)]
    public void A_linear_layer_that_is_kept_says_the_same_of_features_that_are_divided(long? budget)
    {
        var data = Images.Labelled(30);
        using var start = Images.Trainer(Images.Context(), change: options => (options.NumberOfEpochs, options.LearningRate) = (4, 0.05))
            .Fit(data);
        start.Model.ExportToSafeTensors(_file);
        using var model = Fit(options => (options.NumberOfEpochs, options.LearningRate, options.MemoryBudget) = (1, 1e-12, budget));

        var expected = Snapshot.Scores(start.Transform(data));
        Assert.IsGreaterThan(0.5f, expected.Max(row => row.Max()));
        Snapshot.AssertNear(expected, Snapshot.Scores(model.Transform(data)), 1e-3);
    }

    [TestMethod]
    [DataRow(TrainingRecipe.Fast, 30, 50)]
    [DataRow(TrainingRecipe.Fast, 1_000, 10)]
    [DataRow(TrainingRecipe.Fast, 200, 16)]
    [DataRow(TrainingRecipe.Best, 320, 30)]
    public void It_has_epochs_and_a_learning_rate_of_its_own(TrainingRecipe recipe, int images, int epochs)
    {
        var plan = Recipes.Fill(new()
        {
            Recipe = recipe,
            Start = TrainingStart.Weights,
            Images = images,
            Seed = 0,
            Precision = ScalarType.Float32,
        });

        Assert.AreEqual(epochs, plan.Epochs);
        Assert.AreEqual(0.008 * Math.Min(images, 32) / 128, plan.LearningRate, 1e-9);
    }

    [TestMethod]
    [DataRow(nameof(TrainingStart.Weights), null, true)]
    [DataRow(nameof(TrainingStart.Weights), 4, false)]
    [DataRow(nameof(TrainingStart.TunedModel), null, true)]
    [DataRow(nameof(TrainingStart.Model), null, false)]
    [DataRow(nameof(TrainingStart.Nothing), null, false)]
    public void Gradients_are_clipped_where_trained_layers_are_tuned(string start, int? frozen, bool areClipped)
    {
        var plan = Recipes.Fill(new()
        {
            Recipe = TrainingRecipe.Fast,
            Start = Enum.Parse<TrainingStart>(start),
            FrozenStages = frozen,
            Images = 200,
            Seed = 0,
            Precision = ScalarType.Float32,
        });

        Assert.AreEqual(areClipped, plan.GradientClipping is not null);
    }

    [TestMethod]
    public void What_was_begun_before_gradients_were_clipped_goes_on_so()
    {
        Start(options => { });
        var folder = Path.Combine(Path.GetDirectoryName(_file)!, "checkpoints");
        string Train(double? clipping, bool resumes, bool asRecipe = false)
        {
            using var model = Fit(options =>
            {
                options.NumberOfEpochs = 3;
                options.Checkpoints = new() { Directory = folder, Resume = resumes, Kept = 5 };
                options.Ablation = asRecipe ? null : plan => plan with { GradientClipping = clipping };
            });
            return model.Model.Network.Weights.Fingerprint();
        }

        var clipped = Train(clipping: 0.01, resumes: false);
        Array.ForEach(Directory.GetFiles(folder), File.Delete);
        var expected = Train(clipping: null, resumes: false);
        Delete("0002");
        Delete("0003");
        var file = Directory.GetFiles(folder, "checkpoint-*").Single();
        var (checkpoint, words) = CheckpointFile.Read(file);
        CheckpointFile.Write(file, checkpoint, words.Where(word => word.Key != nameof(TrainingPlan.GradientClipping)).ToDictionary());

        Assert.AreEqual(expected, Train(null, resumes: true, asRecipe: true));

        // And again from a checkpoint that was written since.
        Delete("0003");
        Assert.AreEqual(expected, Train(null, resumes: true, asRecipe: true));
        Assert.AreNotEqual(expected, clipped);

        void Delete(string epoch) => Array.ForEach(Directory.GetFiles(folder, $"checkpoint-{epoch}-*"), File.Delete);
    }

    [TestMethod]
    public void What_is_asked_for_is_done()
    {
        var expected = Start(options => { });
        using var model = Fit(options => (options.FrozenStages, options.LearningRate) = (0, 0.01));

        var name = "layer1.0.conv1.weight";
        CollectionAssert.AreNotEqual(expected.Tensors[name].Data, model.Model.Network.Weights.Tensors[name].Data);
        CollectionAssert.AreEqual(expected.Tensors["conv1.weight"].Data, model.Model.Network.Weights.Tensors["conv1.weight"].Data);
    }

    [TestMethod]
    public void The_whole_network_can_be_trained_with_the_stem_and_by_the_statistics_of_batches()
    {
        var expected = Start(options => { });
        using var whole = Fit(options => (options.FrozenStages, options.LearningRate) = (-1, 0.01));
        using var byBatch = Fit(options =>
            (options.FrozenStages, options.FrozenStatistics, options.LearningRate) = (-1, false, 0.01));

        const string Stem = "conv1.weight", Mean = "layer1.0.bn1.running_mean";
        CollectionAssert.AreNotEqual(expected.Tensors[Stem].Data, whole.Model.Network.Weights.Tensors[Stem].Data);
        CollectionAssert.AreEqual(expected.Tensors[Mean].Data, whole.Model.Network.Weights.Tensors[Mean].Data);
        CollectionAssert.AreNotEqual(expected.Tensors[Mean].Data, byBatch.Model.Network.Weights.Tensors[Mean].Data);
    }

    [TestMethod]
    public void Statistics_are_those_of_weights_and_need_some()
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => Images.Trainer(Images.Context(), change: options => options.FrozenStatistics = true));

        StringAssert.Contains(error.Message, "FrozenStatistics is True, but it must be null without StartFrom or InitialWeights");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void What_is_trained_further_is_tuned_as_the_model_was_that_it_starts_from(bool isLoaded)
    {
        Start(options => { });
        var data = Images.Labelled(30);
        using var first = Fit(options => options.NumberOfEpochs = 1);
        using var start = isLoaded ? Images.Reloaded(first) : first;
        using var model = Images.Trainer(Images.Context(), change: options => options.StartFrom = start).Fit(data);

        Assert.IsTrue(start.Model.Training.FromInitialWeights);
        Assert.IsTrue(model.Model.Training.FromInitialWeights);
        Assert.AreEqual(0.008 * 8 / 128, model.Model.Training.LearningRate, 1e-9);
        foreach (var (name, tensor) in start.Model.Network.Weights.Tensors.Where(pair => !LinearPlan.IsOf(pair.Key)))
        {
            Assert.IsTrue(!Stays(name) || tensor.Data.SequenceEqual(model.Model.Network.Weights[name].ToArray()), name);
        }
    }

    [TestMethod]
    public void What_is_trained_further_from_a_model_that_began_from_nothing_is_not_tuned()
    {
        using var start = Images.Trainer(Images.Context()).Fit(Images.Labelled(30));
        using var model = Images.Trainer(Images.Context(), change: options => options.StartFrom = start).Fit(Images.Labelled(30));

        Assert.IsFalse(model.Model.Training.FromInitialWeights);
        Assert.AreEqual(0.05 * 8 / 128, model.Model.Training.LearningRate, 1e-9);
    }

    [TestMethod]
    [DataRow("safetensors")]
    [DataRow("onnx")]
    public void The_classes_of_a_linear_layer_are_told_by_name(string format)
    {
        using var model = Images.Trainer(Images.Context(), change: options => options.ImageSize = 64).Fit(Images.Labelled(30));
        var path = Path.ChangeExtension(_file, format);
        Action<string> export = format == "onnx" ? file => model.Model.ExportToOnnx(file) : model.Model.ExportToSafeTensors;
        export(path);
        var read = StartingFile.Read(Internals.EnvironmentOf(new MLContext().Data), InitialWeights.FromFile(path));
        float[][] Rows(StartingFile file) => [.. file.Weights["fc.weight"].ToArray().Chunk(file.Weights["fc.weight"].Length / 3)];

        var (before, after) = (Rows(read), Rows(read.For(["middle", "bottom", "top"])));

        CollectionAssert.AreEqual(Images.ClassNames, read.ClassNames!.ToArray());
        CollectionAssert.AreEqual(before[1], after[0]);
        CollectionAssert.AreEqual(before[2], after[1]);
        CollectionAssert.AreEqual(before[0], after[2]);
        Assert.AreEqual(read.Weights["fc.bias"][1], read.For(["middle", "bottom", "top"]).Weights["fc.bias"][0]);
        Assert.DoesNotContain("fc.weight", read.For(["cat", "dog", "cow"]).Weights.Tensors.Keys);
        Assert.DoesNotContain("fc.weight", read.For(["top", "middle"]).Weights.Tensors.Keys);
    }

    [TestMethod]
    public void As_another_number_of_processes_began_it_goes_on()
    {
        Start(options => { });
        var folder = Path.Combine(Path.GetDirectoryName(_file)!, "checkpoints");
        ResNetTransformer Train(int? epochs, bool resumes) => Fit(options =>
        {
            (options.NumberOfEpochs, options.BatchSize, options.Augmentation, options.MemoryBudget) = (epochs, null, null, 100);
            options.Checkpoints = new() { Directory = folder, Resume = resumes };
        });
        Train(1, resumes: false).Dispose();
        var file = Directory.GetFiles(folder).Single();
        var (checkpoint, words) = CheckpointFile.Read(file);
        CheckpointFile.Write(file, checkpoint, new Dictionary<string, string>(words)
        {
            ["the processes"] = "4",
            [nameof(TrainingPlan.Epochs)] = "3",
            ["the training data"] = words["the training data"].Replace("window of ", "window of 1", StringComparison.Ordinal),
        });

        using var model = Train(null, resumes: true);

        Assert.HasCount(3, model.Model.History);
    }

    // Of what is before the linear layer: the stem, the first stage and all statistics.
    private static bool Stays(string name) => !name.StartsWith("layer", StringComparison.Ordinal)
        || name.StartsWith("layer1", StringComparison.Ordinal)
        || name.Contains("running", StringComparison.Ordinal);

    // Writes the weights of a trained network to the file.
    private NamedTensors Start(Action<ResNetTrainer.Options> change)
    {
        using var model = Images.Trainer(Images.Context(), change: change).Fit(Images.Labelled(30));
        model.Model.ExportToSafeTensors(_file);
        return model.Model.Network.Weights;
    }

    private ResNetTransformer Fit(Action<ResNetTrainer.Options> change) => Images.Trainer(Images.Context(), change: options =>
    {
        (options.InitialWeights, options.NumberOfEpochs) = (InitialWeights.FromFile(_file), 2);
        change(options);
    }).Fit(Images.Labelled(30));

    // Weights whose normalisation says something.
    private static TrainableNetwork Trained(NetworkPlan plan)
    {
        var network = TrainableNetwork.Create(plan, Initialisation.He, 1, CPU, ScalarType.Float32);
        foreach (var tensor in network.Tensors.Values.Where(tensor => tensor.Plan.Shape.Length == 1))
        {
            using var values = rand(tensor.Plan.Shape).add(0.1);
            tensor.Import(values.data<float>().ToArray());
        }

        return network;
    }
}
