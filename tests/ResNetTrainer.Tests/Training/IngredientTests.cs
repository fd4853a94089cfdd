using ResNetMLNet.Formats;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Augmenting;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

/// <summary>What a plan can have beyond the recipes: averaged weights, another decay, stronger augmentation.</summary>
[TestClass]
public class IngredientTests
{
    private string _folder = "";

    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestInitialize]
    public void Create() => _folder = Directory.CreateTempSubdirectory("resnet-ingredients-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void An_average_follows_weights_and_running_statistics_faster_at_first()
    {
        using var scope = NewDisposeScope();
        using var network = TinyNetwork();
        using var average = new WeightAverage(network, decay: 0.5, CPU);
        foreach (var (name, tensor) in network.Tensors)
        {
            using var noGradients = no_grad();
            double expected = tensor.Master.flatten()[0].item<float>();
            foreach (var (value, step, decay) in ((double, int, double)[])[(1, 0, 0.1), (-2, 1, 2 / 11.0), (3, 100, 0.5)])
            {
                tensor.Master.fill_(value);
                average.Follow(step);
                expected = (decay * expected) + ((1 - decay) * value);
            }

            Assert.AreEqual(expected, average.Refreshed().Tensors[name].Master.flatten()[0].item<float>(), 1e-5, name);

            // So that it is as it was for the next one.
            for (var i = 0; i < 3; i++)
            {
                average.Follow(step: 0);
            }
        }
    }

    [TestMethod]
    [DataRow(ComputePrecision.Float32)]
    [DataRow(ComputePrecision.BFloat16)]
    public void An_average_that_keeps_nothing_is_the_network_to_the_bit(ComputePrecision precision)
    {
        var (plain, same, steady) = (Fit(precision, plan => plan), Fit(precision, plan => plan with { AveragingDecay = 0 }),
            Fit(precision, plan => plan with { AveragingDecay = 0.9 }));

        Assert.AreEqual(plain.Network.Weights.Fingerprint(), same.Network.Weights.Fingerprint());
        Assert.AreNotEqual(plain.Network.Weights.Fingerprint(), steady.Network.Weights.Fingerprint());
        for (var epoch = 0; epoch < plain.History.Count; epoch++)
        {
            // What is trained is the same in all; what is scored is the average.
            Assert.AreEqual(plain.History[epoch].TrainLoss, same.History[epoch].TrainLoss);
            Assert.AreEqual(plain.History[epoch].TrainLoss, steady.History[epoch].TrainLoss);
            Assert.AreEqual(plain.History[epoch].ValidationLoss, same.History[epoch].ValidationLoss);
            Assert.AreNotEqual(plain.History[epoch].ValidationLoss, steady.History[epoch].ValidationLoss);
        }
    }

    [TestMethod]
    public void The_model_of_averages_is_the_one_that_was_scored()
    {
        var validation = Images.Labelled(30);
        using var model = Images.Trainer(Images.Context(), change: options =>
            (options.NumberOfEpochs, options.Ablation) = (3, plan => plan with { AveragingDecay = 0.9 }))
            .Fit(Images.Labelled(30), validation);
        var scored = Images.Context().MulticlassClassification.Evaluate(model.Transform(validation)).LogLoss;

        Assert.AreEqual(model.Model.History[^1].ValidationLoss!.Value, scored, 1e-4);
    }

    public static IEnumerable<object[]> Plans =>
        from precision in (ComputePrecision[])[ComputePrecision.Float32, ComputePrecision.BFloat16]
        from best in (bool[])[false, true]
        select (object[])[precision, best];

    [TestMethod]
    [DynamicData(nameof(Plans))]
    public void Training_with_every_ingredient_goes_on_from_any_step_to_the_bit(ComputePrecision precision, bool best)
    {
        var expected = Fit(precision, Everything, options => Best(options));
        ResNetModel found;
        var starts = 0;
        do
        {
            starts++;
            using var source = new CancellationTokenSource();
            var data = Images.Labelled(30);
            var rows = 0;
            data.OnRow = _ => source.CancelIf(++rows == 30 + (7 * starts));
            found = Fit(
                precision,
                Everything,
                options =>
                {
                    Best(options);
                    (options.CancellationToken, options.OnCancellation) = (source.Token, CancellationBehavior.ReturnModel);
                    options.EpochCallback = _ => source.CancelIf(starts % 2 == 0);
                    options.Checkpoints = new() { Directory = _folder, Minutes = 1e-9, Resume = true };
                },
                data);
        }
        while (found.Training.Outcome == TrainingOutcome.Cancelled);

        Assert.IsGreaterThan(1, starts);
        Assert.AreEqual(expected.Network.Weights.Fingerprint(), found.Network.Weights.Fingerprint());
        CollectionAssert.AreEqual(
            expected.History.Select(epoch => epoch.ValidationLoss).ToArray(),
            found.History.Select(epoch => epoch.ValidationLoss).ToArray());

        // Streamed images stop a run within an epoch.
        void Best(ResNetTrainer.Options options) =>
            (options.BestWeightsBy, options.MemoryBudget) = (best ? TrainingMetric.ValidationLoss : null, 2000);
    }

    [TestMethod]
    public void A_checkpoint_keeps_the_weights_and_their_average()
    {
        Fit(ComputePrecision.Float32, plan => plan with { AveragingDecay = 0.9 }, options =>
            options.Checkpoints = new() { Directory = _folder });
        using var stream = File.OpenRead(Directory.GetFiles(_folder, "*.safetensors").Order().Last());
        var tensors = SafeTensors.Read(stream, out var metadata);

        Assert.Contains("\"formatVersion\": 3", metadata["checkpoint"]);
        Assert.IsFalse(tensors["network.fc.weight"].SequenceEqual(tensors["average.fc.weight"]));
    }

    [TestMethod]
    public void A_checkpoint_without_averages_is_of_the_version_before_and_of_another_training()
    {
        Fit(ComputePrecision.Float32, plan => plan, options => options.Checkpoints = new() { Directory = _folder });
        using (var stream = File.OpenRead(Directory.GetFiles(_folder, "*.safetensors").Order().Last()))
        {
            SafeTensors.Read(stream, out var metadata);
            Assert.Contains("\"formatVersion\": 2", metadata["checkpoint"]);
        }

        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(
            ComputePrecision.Float32,
            plan => plan with { AveragingDecay = 0.9 },
            options => options.Checkpoints = new() { Directory = _folder, Resume = true })).Message;
        Assert.Contains("AveragingDecay was none and is 0.9", message);
    }

    [TestMethod]
    public void An_average_that_is_not_finite_is_found()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = TinyNetwork();
        using var average = new WeightAverage(network, decay: 0.5, CPU);
        using var soundness = new Soundness(() => [network, average.Refreshed()]);

        Assert.IsNull(soundness.Problem());
        average.Refreshed().Tensors["fc.bias"].Master.fill_(float.NaN);
        Assert.AreEqual("weights", soundness.Problem());
    }

    [TestMethod]
    public void Averaging_leaves_no_tensor_behind()
    {
        Fit(ComputePrecision.BFloat16, Everything);
        var before = NativeTensors.Count();
        Fit(ComputePrecision.BFloat16, Everything);

        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void Cosine_decay_falls_slowly_quickly_slowly_from_the_same_height_to_nothing()
    {
        var linear = Recipes.Fill(new() { Recipe = TrainingRecipe.Fast, Images = 60_000, Seed = 0, Precision = ScalarType.Float32 });
        linear = linear with { Warmup = 0.25 };
        var cosine = linear with { Decay = LearningRateDecay.Cosine };
        double Rate(TrainingPlan plan, double progress) => plan.LearningRateAt((long)(progress * 10_000), 10_000) / plan.LearningRate;

        Assert.AreEqual(0.4002, Rate(linear, 0.1), 1e-9);
        Assert.AreEqual(0.4002, Rate(cosine, 0.1), 1e-9);
        foreach (var (progress, expected) in ((double, double)[])[(0.25, 1), (0.4375, 0.8536), (0.625, 0.5), (0.8125, 0.1464), (0.9999, 0)])
        {
            Assert.AreEqual(expected, Rate(cosine, progress), 1e-3);
        }
    }

    // Every ingredient at once.
    private static TrainingPlan Everything(TrainingPlan plan) => plan with
    {
        AveragingDecay = 0.9,
        MuonMultiplier = 2,
        Decay = LearningRateDecay.Cosine,
        LabelSmoothing = 0.1,
        AugmentationNumbers = new()
        {
            Flip = FlipKind.Alternating,
            Shift = 1 / 8.0,
            Reflects = true,
            EraseProbability = 0.5,
            ErasesWithNoise = true,
            SmallestCrop = 0.3,
        },
    };

    private static TrainableNetwork TinyNetwork() => TrainableNetwork.Create(
        new(ResNetArchitecture.BookResNet18 with { Width = 2, Depths = new(1, 1, 1, 1) }, new(1, 32, 32), classes: 2),
        Initialisation.He,
        seed: 1,
        CPU,
        ScalarType.Float32);

    private static ResNetModel Fit(
        ComputePrecision precision, Func<TrainingPlan, TrainingPlan> ablation, Action<ResNetTrainer.Options>? change = null,
        MemoryDataView? data = null)
    {
        using var model = Images.Trainer(Images.Context(), change: options =>
        {
            (options.Precision, options.NumberOfEpochs, options.Ablation) = (precision, 3, ablation);
            change?.Invoke(options);
        }).Fit(data ?? Images.Labelled(30), Images.Labelled(12));
        return model.Model;
    }
}
