using ResNetMLNet.Data;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Augmenting;
using ResNetMLNet.Training.Optimizing;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

[TestClass]
public class TrainingTests
{
    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    public void The_optimizer_is_Nesterovs_with_decayed_weights_and_undecayed_biases()
    {
        const double Momentum = 0.9, Decay = 0.1, Rate = 0.5;
        using var scope = NewDisposeScope();
        var architecture = ResNetArchitecture.BookResNet18 with { Width = 1, Depths = new(1, 1, 1, 1) };
        using var network = TrainableNetwork.Create(
            new(architecture, new(1, 32, 32), 2), Initialisation.He, seed: 1, CPU, ScalarType.Float32);
        using var optimizer = new Optimizer(network, Momentum, Decay);
        var before = network.Parameters.Select(First).ToArray();
        double[] gradients = [0.25, -1, 0.5];
        foreach (var gradient in gradients)
        {
            foreach (var (parameter, number) in network.Parameters.Select((parameter, number) => (parameter, number)))
            {
                parameter.Compute.grad = full_like(parameter.Compute, gradient * (number + 1));
            }

            optimizer.Step(Rate);
        }

        foreach (var (parameter, number) in network.Parameters.Select((parameter, number) => (parameter, number)))
        {
            var (weight, velocity) = (before[number], 0.0);
            foreach (var gradient in gradients)
            {
                var decayed = (gradient * (number + 1)) + (IsDecayed(parameter.Plan.Name) ? Decay * weight : 0);
                velocity = (Momentum * velocity) + decayed;
                weight -= Rate * (decayed + (Momentum * velocity));
            }

            Assert.AreEqual(weight, First(parameter), 1e-5 * Math.Abs(weight), parameter.Plan.Name);
        }

        static bool IsDecayed(string name) => !name.EndsWith(".bias", StringComparison.Ordinal) && !name.Contains("bn");
        static double First(NetworkTensor parameter) => parameter.Master.flatten()[0].item<float>();
    }

    [TestMethod]
    [DataRow("conv1.weight", 0.25)]
    [DataRow("layer4.0.bn2.bias", 0.25)]
    [DataRow("fc.weight", 1)]
    [DataRow("fc.bias", 1)]
    public void The_layers_before_the_linear_one_have_a_learning_rate_of_their_own(string name, double multiplier)
    {
        const double Rate = 0.5, Gradient = 2;
        using var scope = NewDisposeScope();
        var architecture = ResNetArchitecture.BookResNet18 with { Width = 1, Depths = new(1, 1, 1, 1) };
        using var network = TrainableNetwork.Create(
            new(architecture, new(1, 32, 32), 2), Initialisation.He, seed: 1, CPU, ScalarType.Float32);
        using var optimizer = new Optimizer(network, momentum: 0, weightDecay: 0, bodyMultiplier: 0.25);
        var parameter = network.Tensors[name];
        var before = parameter.Master.flatten()[0].item<float>();
        parameter.Compute.grad = full_like(parameter.Compute, Gradient);
        optimizer.Step(Rate);

        Assert.AreEqual(before - (Rate * multiplier * Gradient), parameter.Master.flatten()[0].item<float>(), 1e-6);
    }

    [TestMethod]
    [DataRow(5, 1, ScalarType.Float32)]
    [DataRow(20, 0.5, ScalarType.Float32)]
    [DataRow(20, 0.5, ScalarType.BFloat16)]
    public void Gradients_that_are_too_large_together_are_scaled_down_alike(double norm, double share, ScalarType precision)
    {
        const double Rate = 0.5;
        using var scope = NewDisposeScope();
        var architecture = ResNetArchitecture.BookResNet18 with { Width = 1, Depths = new(1, 1, 1, 1) };
        using var network = TrainableNetwork.Create(
            new(architecture, new(1, 32, 32), 2), Initialisation.He, seed: 1, CPU, precision);
        using var optimizer = new Optimizer(network, momentum: 0, weightDecay: 0, clipping: 10);
        var parameters = ((string[])["fc.weight", "conv1.weight"]).Select(name => network.Tensors[name]).ToArray();
        var before = parameters.Select(parameter => parameter.Master.clone()).ToArray();
        foreach (var (parameter, part) in parameters.Zip((double[])[0.6, 0.8]))
        {
            parameter.Compute.grad = full_like(parameter.Compute, part * norm / Math.Sqrt(parameter.Master.numel()));
        }

        optimizer.Step(Rate);

        foreach (var (change, part) in parameters.Zip(before, (now, then) => (now.Master - then).norm()).Zip((double[])[0.6, 0.8]))
        {
            var expected = Rate * share * part * norm;
            Assert.AreEqual(expected, change.item<float>(), (precision == ScalarType.Float32 ? 1e-5 : 0.01) * expected);
        }
    }

    // The network has eight features, and the root of twice their number is four.
    [TestMethod]
    [DataRow(3.0, 3.0)]
    [DataRow(1e6, 4.0)]
    public void Fine_tuning_scales_gradients_down_to_the_largest_of_a_single_image(double norm, double expected)
    {
        const double Rate = 0.5;
        using var scope = NewDisposeScope();
        var architecture = ResNetArchitecture.BookResNet18 with { Width = 1, Depths = new(1, 1, 1, 1) };
        using var network = TrainableNetwork.Create(
            new(architecture, new(1, 32, 32), 2), Initialisation.He, seed: 1, CPU, ScalarType.Float32);
        var plan = Recipes.Fill(new()
        {
            Recipe = TrainingRecipe.Fast,
            Start = TrainingStart.Weights,
            Images = 200,
            Seed = 0,
            Precision = ScalarType.Float32,
        });
        using var state = new TrainingState(plan with { Momentum = 0, WeightDecay = 0 }, network, CPU);
        var weight = network.Tensors["fc.weight"];
        var before = weight.Master.clone();
        weight.Compute.grad = full_like(weight.Compute, norm / Math.Sqrt(weight.Master.numel()));
        state.Optimizer.Step(Rate);

        Assert.AreEqual(8, network.Plan.Features);
        Assert.AreEqual(Rate * expected, (weight.Master - before).norm().item<float>(), 1e-4);
    }

    [TestMethod]
    public void The_fast_learning_rate_rises_and_falls_to_nothing_and_the_books_is_constant()
    {
        var fast = Plan(TrainingRecipe.Fast);
        var book = Plan(TrainingRecipe.Book);

        var rates = Enumerable.Range(0, 100).Select(step => fast.LearningRateAt(step, 100)).ToArray();
        var peak = Array.IndexOf(rates, rates.Max());
        Assert.AreEqual(10, peak);
        Assert.AreEqual(0.05, rates[0] / fast.LearningRate, 1e-9);
        Assert.AreEqual(0.55, rates[5] / fast.LearningRate, 1e-9);
        Assert.AreEqual(fast.LearningRate, rates[peak], 0.05 * fast.LearningRate);
        CollectionAssert.AreEqual(rates[..peak].Order().ToArray(), rates[..peak]);
        CollectionAssert.AreEqual(rates[peak..].OrderDescending().ToArray(), rates[peak..]);
        Assert.IsLessThan(0.02 * fast.LearningRate, rates[^1]);
        Assert.IsTrue(Enumerable.Range(0, 100).All(step => book.LearningRateAt(step, 100) == 0.05));
    }

    [TestMethod]
    public void The_best_recipe_is_longer_erases_and_begins_with_smaller_images()
    {
        var (fast, best) = (Plan(TrainingRecipe.Fast), Plan(TrainingRecipe.Best));

        Assert.IsGreaterThan(fast.Epochs, best.Epochs);
        Assert.IsTrue(best.Augmentation.HasFlag(Augmentation.Flip | Augmentation.Erase));
        ImageShape full = new(1, 64, 64);
        var sizes = new ProgressiveResizing(new(ResNetArchitecture.BookResNet18, full, classes: 10), best.InitialImageScale,
            best.GrownAfter);
        Assert.IsLessThan(full.Height, sizes.At(0).Height);
        Assert.AreEqual(full, sizes.At(best.GrownAfter));
        Assert.AreEqual(full, sizes.At(0.999));
    }

    [TestMethod]
    [DataRow(TrainingRecipe.Fast)]
    [DataRow(TrainingRecipe.Best)]
    public void Fresh_weights_are_trained_by_Muon_and_those_that_are_good_already_by_small_steps(TrainingRecipe recipe)
    {
        TrainingPlan Of(TrainingStart start, long images = 10_000) => Recipes.Fill(
            new() { Recipe = recipe, Images = images, Start = start, Seed = 0, Precision = ScalarType.Float32 });

        var (fresh, model, weights) = (Of(TrainingStart.Nothing), Of(TrainingStart.Model), Of(TrainingStart.Weights));
        Assert.AreEqual((1.0, 0.1, 0.1), (fresh.MuonMultiplier, fresh.Warmup, fresh.LabelSmoothing));
        Assert.AreEqual(0.0, Of(TrainingStart.Nothing, images: 50_000).LabelSmoothing, "Where it gains nothing, it only costs.");
        Assert.AreEqual((null, 0.25, 0.0), (model.MuonMultiplier, model.Warmup, model.LabelSmoothing));
        Assert.AreEqual((null, 0.25, 0.0), (weights.MuonMultiplier, weights.Warmup, weights.LabelSmoothing));
    }

    [TestMethod]
    [DataRow(TrainingRecipe.Fast, 50, 200)]
    [DataRow(TrainingRecipe.Fast, 200, 64)]
    [DataRow(TrainingRecipe.Fast, 640, 20)]
    [DataRow(TrainingRecipe.Fast, 3_999, 20)]
    [DataRow(TrainingRecipe.Fast, 4_000, 10)]
    [DataRow(TrainingRecipe.Best, 50, 200)]
    [DataRow(TrainingRecipe.Best, 640, 50)]
    [DataRow(TrainingRecipe.Book, 50, 10)]
    public void Few_images_are_seen_so_often_that_there_are_enough_steps(TrainingRecipe recipe, int images, int epochs) => Assert.AreEqual(
        epochs,
        Recipes.Fill(new()
        {
            Recipe = recipe,
            Images = images,
            SmallImages = true,
            Seed = 0,
            Precision = ScalarType.Float32,
        }).Epochs);

    [TestMethod]
    [DataRow(TrainingRecipe.Fast, "Model", null, 3)]
    [DataRow(TrainingRecipe.Best, "Model", null, 15)]
    [DataRow(TrainingRecipe.Best, "Nothing", null, 50)]
    [DataRow(TrainingRecipe.Fast, "Weights", 4, 30)]
    [DataRow(TrainingRecipe.Best, "Weights", 4, 100)]
    public void Epochs_follow_what_training_starts_from(TrainingRecipe recipe, string start, int? frozen, int epochs)
    {
        TrainingPlan Of(long images) => Recipes.Fill(new()
        {
            Recipe = recipe,
            Start = Enum.Parse<TrainingStart>(start),
            FrozenStages = frozen,
            Stages = 4,
            Images = images,
            Seed = 0,
            Precision = ScalarType.Float32,
        });

        Assert.AreEqual(epochs, Of(10_000).Epochs);
        Assert.AreEqual(start == "Nothing" ? 0.1 : 0, Of(39_999).LabelSmoothing);
        Assert.AreEqual(0, Of(40_000).LabelSmoothing);
        Assert.IsTrue(start != "Model" || Of(10_000).LearningRate == 0.05 * 64 / 128);
        Assert.IsTrue(frozen is null || Of(10_000).Augmentation == Augmentation.None);
    }

    [TestMethod]
    public void The_best_recipe_shows_small_images_in_full_and_erases_more_of_them()
    {
        TrainingPlan Of(bool older, TrainingStart start = TrainingStart.Nothing) => Recipes.Fill(new()
        {
            Start = start,
            Recipe = TrainingRecipe.Best,
            Images = 60_000,
            SmallImages = true,
            Age = older ? RecipeAge.BeforeMuon : RecipeAge.Current,
            Seed = 0,
            Precision = ScalarType.Float32,
        });

        var (now, before) = (Of(older: false), Of(older: true));
        Assert.AreEqual(Augmentation.Flip | Augmentation.Shift | Augmentation.RandomErasing, now.Augmentation);
        Assert.AreEqual(1.0, now.InitialImageScale);
        Assert.AreEqual(1.0, Of(older: false, TrainingStart.Model).InitialImageScale, "What began with them in full goes on so.");
        Assert.AreEqual((Augmentation.Flip | Augmentation.Erase, 0.6), (before.Augmentation, before.InitialImageScale));
    }

    [TestMethod]
    [DataRow(3_999L, null, 20, Augmentation.Flip)]
    [DataRow(4_000L, null, 10, Augmentation.Flip)]
    [DataRow(4_000L, 20, 20, Augmentation.Flip | Augmentation.Erase)]
    public void Few_images_are_seen_twice_as_often_and_whole(long images, int? wanted, int epochs, Augmentation augmentation)
    {
        var plan = Recipes.Fill(
            new() { Recipe = TrainingRecipe.Fast, Images = images, Epochs = wanted, Seed = 0, Precision = ScalarType.Float32 });

        Assert.AreEqual((epochs, augmentation), (plan.Epochs, plan.Augmentation));
    }

    [TestMethod]
    [DataRow(true, true, 4_000L, false, Augmentation.Flip | Augmentation.Shift)]
    [DataRow(true, true, 3_999L, false, Augmentation.Flip)]
    [DataRow(true, true, 4_000L, true, Augmentation.Flip, DisplayName = "what began without goes on without")]
    [DataRow(true, false, 4_000L, false, Augmentation.Flip, DisplayName = "garments are centred")]
    [DataRow(false, true, 4_000L, false, Augmentation.Flip, DisplayName = "large images")]
    public void Small_images_in_colour_are_shifted(bool small, bool inColor, long images, bool older, Augmentation expected)
    {
        var plan = Recipes.Fill(new()
        {
            Recipe = TrainingRecipe.Fast,
            Images = images,
            SmallImages = small,
            InColor = inColor,
            Age = older ? RecipeAge.BeforeShifts : RecipeAge.Current,
            Epochs = 10,
            Seed = 0,
            Precision = ScalarType.Float32,
        });

        Assert.AreEqual(expected, plan.Augmentation);
    }

    [TestMethod]
    [DataRow(TrainingRecipe.Fast, true, true)]
    [DataRow(TrainingRecipe.Best, true, true)]
    [DataRow(TrainingRecipe.Fast, false, null)]
    [DataRow(TrainingRecipe.Book, true, null, DisplayName = "the chapter's recipe keeps its bits")]
    public void Recipes_but_the_chapters_may_use_Winograds_convolutions(TrainingRecipe recipe, bool may, bool? expected)
    {
        var plan = Recipes.Fill(new() { Recipe = recipe, Images = 100, Winograd = may, Seed = 0, Precision = ScalarType.Float32 });

        Assert.AreEqual(expected, plan.Winograd);
    }

    [TestMethod]
    [DataRow(TrainingRecipe.Fast)]
    [DataRow(TrainingRecipe.Book)]
    public void Labels_are_smoothed_as_is_asked_for_and_the_loss_of_training_says_so(TrainingRecipe recipe)
    {
        double LossOf(double smoothing)
        {
            using var model = Images.Trainer(Images.Context(), change: options =>
                (options.Recipe, options.LabelSmoothing, options.NumberOfEpochs) = (recipe, smoothing, 20)).Fit(Images.Labelled(24));
            return model.Model.History[^1].TrainLoss;
        }

        // Half of the label is spread over the classes: no scores bring the loss below the entropy of that.
        const double Other = 0.5 / PixelPattern.Classes, Own = 0.5 + Other;
        var least = -(Own * Math.Log(Own)) - ((PixelPattern.Classes - 1) * Other * Math.Log(Other));
        Assert.IsGreaterThan(least, LossOf(0.5));
        Assert.IsLessThan(least, LossOf(0));
    }

    [TestMethod]
    [DataRow(1, 0.5)]
    [DataRow(4, 0.25)]
    public void The_rate_of_Muon_follows_the_root_of_the_whole_batch(int processes, double expected)
    {
        var plan = Recipes.Fill(new()
        {
            Recipe = TrainingRecipe.Fast,
            Images = 60_000,
            BatchSize = 256,
            Processes = processes,
            Seed = 0,
            Precision = ScalarType.Float32,
        });

        // The learning rate itself is in proportion.
        Assert.AreEqual(expected, plan.MuonMultiplier);
        Assert.AreEqual(0.2 * processes, plan.LearningRate, 1e-12);
    }

    [TestMethod]
    [DataRow(28, 2_000, null, Augmentation.Flip, 0.1)]
    [DataRow(28, 10_000, null, Augmentation.None, 0.1)]
    [DataRow(28, 60_000, null, Augmentation.Flip, 0.1)]
    [DataRow(28, 2_000, 16, Augmentation.Flip, 0.05)]
    [DataRow(28, 10_000, 128, Augmentation.Flip, 0.2)]
    [DataRow(28, 60_000, 64, Augmentation.Flip, 0.05)]
    [DataRow(28, 2_000, null, Augmentation.Flip | Augmentation.Erase, 0.025)]
    [DataRow(28, 10_000, null, Augmentation.Shift, 0.05)]
    [DataRow(28, 2_000, null, Augmentation.Shift | Augmentation.RandomErasing, 0.025)]
    [DataRow(28, 10_000, null, Augmentation.Shift | Augmentation.RandomErasing, 0.025)]
    [DataRow(28, 60_000, null, Augmentation.Shift | Augmentation.RandomErasing, 0.05)]
    [DataRow(64, 60_000, null, Augmentation.RandomErasing, 0.1)]
    [DataRow(64, 2_000, null, Augmentation.Flip, 0.025)]
    public void The_rate_suits_the_number_of_small_images_and_how_much_they_are_changed(
        int side, int images, int? batchSize, Augmentation augmentation, double expected)
    {
        var plan = Recipes.Fill(new()
        {
            Recipe = TrainingRecipe.Fast,
            Images = images,
            SmallImages = ResNetArchitecture.IsSmall(side),
            BatchSize = batchSize,
            Augmentation = augmentation,
            Seed = 0,
            Precision = ScalarType.Float32,
        });

        Assert.AreEqual(expected, plan.LearningRate, 1e-12);
    }

    [TestMethod]
    public void The_books_recipe_is_the_chapters()
    {
        var book = Plan(TrainingRecipe.Book);

        Assert.AreEqual(10, book.Epochs);
        Assert.AreEqual(256, book.BatchSize);
        Assert.AreEqual(0.0, book.Momentum);
        Assert.IsNull(book.MuonMultiplier);
        Assert.AreEqual(0.0, book.WeightDecay);
        Assert.AreEqual(0.0, book.LabelSmoothing);
        Assert.AreEqual(Augmentation.None, book.Augmentation);
        Assert.AreSame(Initialisation.Xavier, book.Initialisation);
    }

    [TestMethod]
    public void Without_augmentation_images_stay_as_they_are()
    {
        using var scope = NewDisposeScope();
        var images = Numbered(4, 20);

        Assert.AreSame(images, Augmenter.Apply(images, Augmentation.None, seed: 1));
    }

    [TestMethod]
    public void A_flip_mirrors_some_images_and_leaves_the_others()
    {
        using var scope = NewDisposeScope();
        var images = Numbered(32, 20);
        var changed = Augmenter.Apply(images, Augmentation.Flip, seed: 1);
        var mirrored = Enumerable.Range(0, 32).Count(i => changed[i].equal(images[i].flip(2)).all().item<bool>());
        var same = Enumerable.Range(0, 32).Count(i => changed[i].equal(images[i]).all().item<bool>());

        Assert.AreEqual(32, mirrored + same);
        Assert.IsGreaterThan(4, mirrored);
        Assert.IsGreaterThan(4, same);
    }

    [TestMethod]
    public void A_shift_moves_images_by_up_to_a_sixteenth_and_leaves_black()
    {
        using var scope = NewDisposeScope();
        var images = ones(64, 1, 32, 32);
        var black = Augmenter.Apply(images, Augmentation.Shift, seed: 1).eq(0).sum(1, 2, 3).data<long>().ToArray();

        // Two pixels at most in each direction.
        Assert.IsLessThanOrEqualTo(32 * 32 - (30 * 30), black.Max());
        Assert.IsGreaterThan(4, black.Distinct().Count());
    }

    [TestMethod]
    public void Erasing_makes_a_square_black_in_some_images()
    {
        using var scope = NewDisposeScope();
        var black = Augmenter.Apply(ones(64, 1, 32, 32), Augmentation.Erase, seed: 1).eq(0).sum(1, 2, 3).data<long>().ToArray();

        Assert.Contains(0L, black);
        Assert.AreEqual(64L, black.Max());
    }

    [TestMethod]
    public void The_same_seed_makes_the_same_changes_and_another_seed_others()
    {
        using var scope = NewDisposeScope();
        var images = Numbered(16, 24);
        var all = Augmentation.Flip | Augmentation.Shift | Augmentation.Erase;
        Tensor Apply(long seed) => Augmenter.Apply(images, all, seed);

        Assert.IsTrue(Apply(1).equal(Apply(1)).all().item<bool>());
        Assert.IsFalse(Apply(1).equal(Apply(2)).all().item<bool>());
    }

    [TestMethod]
    public void Random_streams_depend_on_their_whole_path()
    {
        var seeds = new HashSet<long>();
        for (var seed = 0; seed < 10; seed++)
        {
            for (var epoch = 0; epoch < 10; epoch++)
            {
                seeds.Add(RandomStream.Derive(seed, epoch));
                seeds.Add(RandomStream.Derive(seed, epoch, 0));
            }
        }

        Assert.HasCount(200, seeds);
        Assert.AreEqual(RandomStream.Derive(3, 4), RandomStream.Derive(3, 4));
    }

    // Every pixel of every image has a value of its own.
    private static Tensor Numbered(int count, int size) =>
        arange(1, (count * size * size) + 1, ScalarType.Float32).view(count, 1, size, size);

    private static TrainingPlan Plan(TrainingRecipe recipe) =>
        Recipes.Fill(new() { Recipe = recipe, Images = 60_000, Seed = 0, Precision = ScalarType.Float32 });
}
