using ResNetMLNet.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Augmenting;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Tests.Training;

/// <summary>Training on images that are mixed in pairs.</summary>
[TestClass]
public class MixingTests
{
    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    public void Each_batch_is_mixed_in_a_share_of_its_own_from_a_half_to_the_whole()
    {
        var shares = Shares(probability: 1);

        Assert.AreEqual(1_000, shares.Distinct().Count());
        Assert.IsTrue(shares.All(share => share is >= 0.5 and < 1), $"{shares.Min()} to {shares.Max()}");
        Assert.AreEqual(0.75, shares.Average(), 0.02);
        CollectionAssert.AreEqual(shares, Shares(probability: 1));
    }

    [TestMethod]
    public void A_cut_is_of_any_size_and_the_share_is_that_of_the_image_that_shows_more()
    {
        var cuts = Draws(new() { CutProbability = 1 });
        var areas = cuts.Select(cut => cut.Cut!.Value.ShareOf(28, 28)).ToArray();

        CollectionAssert.AreEqual(cuts, Draws(new() { CutProbability = 1 }));
        CollectionAssert.AreEqual(areas.Select(area => Math.Max(area, 1 - area)).ToArray(), cuts.Select(cut => cut.Share).ToArray());
        Assert.IsTrue(cuts.All(cut => cut.Cut is { Top: >= 0, Left: >= 0, Height: >= 0, Width: >= 0 } part
            && part.Top + part.Height <= 28 && part.Left + part.Width <= 28));

        // Of a side s, s - s^2 / 4 is within the image on average, and s^2 is uniform.
        Assert.AreEqual((1 / 2.0) - (1 / 5.0) + (1 / 48.0), areas.Average(), 0.03);
    }

    [TestMethod]
    [DataRow(Augmentation.Mixup, 1.0, 0.0)]
    [DataRow(Augmentation.CutMix, 0.0, 1.0)]
    [DataRow(Augmentation.Mixup | Augmentation.CutMix, 0.5, 0.5)]
    [DataRow(Augmentation.Flip, 0.0, 0.0)]
    public void Batches_are_blended_or_cut_or_take_turns_by_a_coin(Augmentation augmentation, double blended, double cut)
    {
        var draws = Draws(AugmentationPlan.Of(augmentation));

        Assert.AreEqual(blended, draws.Average(draw => draw is { Share: < 1, Cut: null } ? 1 : 0), 0.05);
        Assert.AreEqual(cut, draws.Average(draw => draw.Cut is not null ? 1 : 0), 0.05);
    }

    [TestMethod]
    public void A_cut_shows_the_opposite_image_in_the_batch_where_it_is_the_smaller_part()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new float[] { 1, 2, 3, 4, 10, 20, 30, 40 }, [2, 1, 1, 4]);

        CollectionAssert.AreEqual(
            (float[])[1, 20, 3, 4, 10, 2, 30, 40], new Mixing(0.75, new(0, 1, 1, 1)).Apply(images).data<float>().ToArray());
        CollectionAssert.AreEqual(
            (float[])[1, 2, 3, 40, 10, 20, 30, 4], new Mixing(0.75, new(0, 0, 1, 3)).Apply(images).data<float>().ToArray());
        Assert.IsTrue(new Mixing(1, new(0, 2, 1, 0)).Apply(images).equal(images).all().item<bool>());
        Assert.AreEqual(1, images[0, 0, 0, 0].item<float>(), "The images are the caller's.");
    }

    [TestMethod]
    public void Some_or_no_batches_are_mixed_where_that_is_the_probability()
    {
        Assert.AreEqual(0.3, Shares(probability: 0.3).Average(share => share < 1 ? 1 : 0), 0.05);
        Assert.IsTrue(Shares(probability: 0).All(share => share == 1));
    }

    [TestMethod]
    public void An_image_is_mixed_with_its_opposite_in_the_batch()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new float[] { 0, 1, 10, 100 }, [4, 1, 1, 1]);

        CollectionAssert.AreEqual(
            (float[])[25, 3.25f, 7.75f, 75], new Mixing(0.75).Apply(images).data<float>().ToArray());
        Assert.IsTrue(new Mixing(1).Apply(images).equal(images).all().item<bool>());
    }

    [TestMethod]
    [DataRow(false, 0.0)]
    [DataRow(false, 0.1)]
    [DataRow(true, 0.1)]
    public void The_loss_is_that_of_mixed_labels(bool isWeighted, double smoothing)
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new float[] { 1, 0, -1, 0.5f, 2, 0, 0, 0, 3, -1, 1, 1 }, [4, 3]);
        var labels = tensor((long[])[0, 2, 1, 1]);

        // Each image counts as much for its own label as its opposite does for the other one.
        var weights = isWeighted ? tensor((float[])[1, 3, 3, 1]) : null;
        double Mixed(double share)
        {
            var truth = (functional.one_hot(labels, 3) * share) + (functional.one_hot(labels.flip(0), 3) * (1 - share));
            var smooth = (truth.to_type(ScalarType.Float32) * (1 - smoothing)) + (smoothing / 3);
            var each = -(smooth * functional.log_softmax(logits, 1)).sum(1);
            return (weights is null ? each.mean() : (each * weights).sum() / weights.sum()).item<float>();
        }

        Assert.AreEqual(Mixed(0.6), new Mixing(0.6).Loss(logits, labels, weights, smoothing).item<float>(), 1e-6);
        var plain = Loss.Mean(logits, labels, weights, smoothing).item<float>();
        Assert.AreEqual(plain, new Mixing(1).Loss(logits, labels, weights, smoothing).item<float>());
    }

    [TestMethod]
    public void The_other_label_counts_as_much_as_the_other_image()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new float[] { 1, 0, -1, 2 }, [2, 2]);
        var (labels, weights) = (tensor((long[])[0, 0]), tensor((float[])[1, 3]));
        var each = functional.cross_entropy(logits, labels, reduction: Reduction.None).data<float>().ToArray();

        // The first row for itself and for the second, and the second for itself and for the first.
        var expected = ((each[0] * ((0.75 * 1) + (0.25 * 3))) + (each[1] * ((0.75 * 3) + (0.25 * 1)))) / 4;

        Assert.AreEqual(expected, new Mixing(0.75).Loss(logits, labels, weights, labelSmoothing: 0).item<float>(), 1e-6);
    }

    [TestMethod]
    [DataRow(Augmentation.Mixup, false, 0.0)]
    [DataRow(Augmentation.Mixup, false, 0.1)]
    [DataRow(Augmentation.Mixup, true, 0.0)]
    [DataRow(Augmentation.Mixup, true, 0.1)]
    [DataRow(Augmentation.CutMix, true, 0.1)]
    public void A_step_has_the_loss_of_both_labels_each_as_much_as_its_image_is_shown(
        Augmentation augmentation, bool isWeighted, double smoothing)
    {
        const int Count = 12, Seed = 6;
        using var scope = NewDisposeScope();
        using var images = Dataset(Count);
        var architecture = ResNetArchitecture.BookResNet18 with { Width = 4, Depths = new(1, 1, 1, 1) };
        using var network = TrainableNetwork.Create(
            new(architecture, images.Format.Shape, PixelPattern.Classes), Initialisation.He, seed: 1, CPU, ScalarType.Float32);
        using var before = TrainableNetwork.Create(network.Plan, network.Export(), CPU, ScalarType.Float32);
        var plan = new TrainingPlan
        {
            Epochs = 1,
            BatchSize = Count,
            LearningRate = 0.1,
            Initialisation = Initialisation.He,
            Augmentation = augmentation,
            LabelSmoothing = smoothing,
            Seed = Seed,
            Precision = ScalarType.Float32,
        };
        using var state = new TrainingState(plan, network, CPU);
        using var loss = new Loss(isWeighted, classWeights: null, CPU);
        using var soundness = new Soundness(() => state.Networks);
        new TrainingLoop(state, loss, images, validation: null, soundness, exchange: null).Run(_ => { }, () => { });

        // The same batch, mixed by hand.
        var epochSeed = RandomStream.Derive(Seed, 0);
        var (share, cut) = Mixing.Draw(AugmentationPlan.Of(augmentation), images.Format.Shape, RandomStream.Derive(epochSeed, 0));
        using var batch = images.Batches(Count, epochSeed).Single();
        var input = batch.ToInput(images.Format);
        var own = full_like(input, share);
        if (cut is { } part)
        {
            // One of the two parts is the image's own: that of the larger share.
            var isInside = part.ShareOf(Images.Size, Images.Size) == share;
            part.Of(own.fill_(isInside ? 0 : 1)).fill_(isInside ? 1 : 0);
            Assert.AreEqual(share, own.mean().item<float>(), 1e-6);
        }

        var logits = before.Forward((input * own) + (input.flip(0) * (1 - own)), training: true);
        var scores = functional.log_softmax(logits.detach(), 1).data<float>().ToArray();
        var (labels, weights) = (batch.Labels.data<long>().ToArray(), batch.Weights.data<float>().ToArray());

        Assert.IsInRange(0.6, 0.9, share, "Both images are to be seen.");
        var expected = (share * Mean(image => image)) + ((1 - share) * Mean(image => Count - 1 - image));
        Assert.AreEqual(expected, state.History.Single().TrainLoss, 1e-5);

        // Each image with the label of another, or its own, for which it counts as much as that one.
        double Mean(Func<int, int> labelOf)
        {
            var (sum, all) = (0.0, 0.0);
            for (var image = 0; image < Count; image++)
            {
                var other = labelOf(image);
                var ofClasses = scores.AsSpan(image * PixelPattern.Classes, PixelPattern.Classes);
                var mean = (ofClasses[0] + ofClasses[1] + ofClasses[2]) / 3.0;
                var weight = isWeighted ? weights[other] : 1;
                sum -= weight * (((1 - smoothing) * ofClasses[(int)labels[other]]) + (smoothing * mean));
                all += weight;
            }

            return sum / all;
        }
    }

    [TestMethod]
    [DataRow(Augmentation.Mixup)]
    [DataRow(Augmentation.CutMix)]
    [DataRow(Augmentation.Mixup | Augmentation.CutMix)]
    public void A_training_on_mixed_images_learns_and_is_repeated_to_the_bit(Augmentation augmentation)
    {
        using var model = Fit(augmentation, epochs: 30);
        using var again = Fit(augmentation, epochs: 30);
        using var plain = Fit(Augmentation.None, epochs: 30);

        Assert.AreEqual(model.Model.Network.Weights.Fingerprint(), again.Model.Network.Weights.Fingerprint());
        Assert.AreEqual(
            1, Images.Context().MulticlassClassification.Evaluate(model.Transform(Images.Labelled())).MicroAccuracy, 0.05);

        // What is half of each of two classes cannot be told by heart.
        Assert.IsGreaterThan(plain.Model.History[^1].TrainLoss + 0.1, model.Model.History[^1].TrainLoss);
    }

    [TestMethod]
    public void The_linear_layer_alone_sees_mixed_images_too()
    {
        using var start = Fit(Augmentation.None, epochs: 1);
        using var plain = Tune(Augmentation.None);
        using var mixed = Tune(Augmentation.Mixup);

        Assert.AreNotEqual(plain.Model.History[^1].TrainLoss, mixed.Model.History[^1].TrainLoss);
        ResNetTransformer Tune(Augmentation augmentation) => Images.Trainer(Images.Context(), change: options =>
            (options.Architecture, options.StartFrom, options.FrozenStages, options.Augmentation) = (null, start, 4, augmentation))
            .Fit(Images.Labelled());
    }

    // Grey images of three classes, of which some count up to five times as much as others.
    private static InMemoryDataset Dataset(int count)
    {
        var format = new InputFormat(new(1, Images.Size, Images.Size), Resizes: false, ResizeMode.Stretch);
        var (store, statistics) = (new ImageStore(), new DatasetStatistics(PixelPattern.Classes, recognisable: false));
        for (var row = 0; row < count; row++)
        {
            var (label, weight) = (PixelPattern.ClassOf(row), 1f + (row % 5));
            var pixels = PixelPattern.Planes(row, 1, Images.Size, Images.Size);
            store.Add(format.Shape, PixelType.Byte, pixels, label, weight);
            statistics.Add(label, weight, format.Shape, pixels);
        }

        statistics.Complete();
        return new(store, format, CPU, statistics);
    }

    private static double[] Shares(double probability) => [.. Draws(new() { MixProbability = probability }).Select(draw => draw.Share)];

    private static Mixing[] Draws(AugmentationPlan plan) =>
        [.. Enumerable.Range(0, 1_000).Select(seed => Mixing.Draw(plan, new(1, 28, 28), seed))];

    private static ResNetTransformer Fit(Augmentation augmentation, int epochs) => Images.Trainer(Images.Context(), change: options =>
        (options.Augmentation, options.NumberOfEpochs) = (augmentation, epochs)).Fit(Images.Labelled());
}
