using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.Formats;
using ResNetMLNet.Native;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResNetMLNet.Tests.Training;

/// <summary>Epochs that leave out images which the network knows.</summary>
[TestClass]
public class DataPruningTests
{
    private const int Epochs = 8;

    [ClassInitialize]
    public static void Load(TestContext _) => TorchRuntime.EnsureLoaded();

    [TestMethod]
    public void Of_the_images_below_the_mean_loss_a_share_is_left_out_and_the_others_count_for_it()
    {
        using var images = Open(Images.Labelled(1_000));
        using var pruning = Of(images, share: 0.75);
        pruning.Import(Losses(row => row % 2 == 0 ? 0.1f : 1));
        var drawn = pruning.Draw(epoch: 1, Epochs, epochSeed: 5);
        var (rows, counts) = Pass(drawn, seed: 5);

        // Half of them are unknown, and of the others a quarter stays: 625, give or take 10.
        Assert.AreEqual(625, drawn.Count, 40);
        CollectionAssert.AreEquivalent(rows.Distinct().ToArray(), rows);
        Assert.AreEqual(500, rows.Count(row => row % 2 == 1));
        CollectionAssert.AreEqual(rows.Select(row => row % 2 == 1 ? 1f : 4).ToArray(), counts);
    }

    [TestMethod]
    public void Each_epoch_draws_anew_what_its_seed_says()
    {
        using var images = Open(Images.Labelled(200));
        using var pruning = Of(images, share: 0.5);
        pruning.Import(Losses(row => row < 190 ? 0 : 1, count: 200));
        int[] Rows(long seed) => Pass(pruning.Draw(epoch: 1, Epochs, seed), seed: 1).Rows;

        CollectionAssert.AreEqual(Rows(1), Rows(1));
        CollectionAssert.AreNotEquivalent(Rows(1), Rows(2));
    }

    [TestMethod]
    [DataRow(16, 2)]
    [DataRow(10, 2)]
    [DataRow(3, 1)]
    [DataRow(2, 1)]
    public void The_first_epoch_and_the_last_eighth_have_all_images_which_count_alike(int epochs, int last)
    {
        using var images = Open(Images.Labelled(40));
        using var pruning = Of(images, share: 0.9);
        pruning.Import(Losses(row => row % 4, count: 40));
        var counts = Enumerable.Range(0, epochs).Select(epoch => pruning.Draw(epoch, epochs, epochSeed: 1).Count).ToArray();

        Assert.IsTrue(counts[1..^last].All(count => count < 40));
        Assert.IsTrue(counts[..1].Concat(counts[^last..]).All(count => count == 40));
        Assert.IsEmpty(Pass(pruning.Draw(0, 16, 1), seed: 1).Counts);
    }

    [TestMethod]
    public void An_epoch_has_two_images_at_least()
    {
        using var images = Open(Images.Labelled(3));
        using var pruning = Of(images, share: 0.999);
        pruning.Import(Losses(row => row < 2 ? 0 : 1, count: 3));

        Assert.AreEqual(3, pruning.Draw(1, Epochs, 1).Count);
    }

    [TestMethod]
    public void An_image_that_has_not_been_seen_stays()
    {
        using var images = Open(Images.Labelled(100));
        using var pruning = Of(images, share: 0.9);
        pruning.Import(Losses(row => row == 7 ? float.PositiveInfinity : row % 2, count: 100));

        Assert.Contains(7, Pass(pruning.Draw(1, Epochs, 1), seed: 1).Rows);
    }

    [TestMethod]
    public void Losses_are_noted_by_image_whatever_their_order_and_shapes_and_count_from_the_next_epoch_on()
    {
        using var images = Open(new MemoryDataView(
            10,
            new MemoryColumn<MLImage>("Features", new ImageDataViewType(), row => Images.Image(row, 1, 18 + (row % 3))),
            Images.Key(LabelKind.Text)));
        using var pruning = Of(images, share: 0.5);
        using var scope = NewDisposeScope();
        var expected = new float[10];
        foreach (var batch in images.Batches(batchSize: 4, shuffle: 3))
        {
            using (batch)
            {
                var logits = rand([batch.Count, 3], ScalarType.Float32);
                pruning.Note(batch, logits, weights: null);
                var losses = functional.cross_entropy(logits, batch.Labels, reduction: Reduction.None).data<float>().ToArray();
                foreach (var (row, loss) in batch.NumbersInOrder.Zip(losses))
                {
                    expected[row] = loss;
                }

                // The rows are the ones whose labels the batch has.
                CollectionAssert.AreEqual(
                    batch.NumbersInOrder.Select(row => (long)PixelPattern.ClassOf(row)).ToArray(), batch.Labels.data<long>().ToArray());
            }
        }

        var within = pruning.Export(isBetweenEpochs: false);
        pruning.EndEpoch();
        var between = pruning.Export(isBetweenEpochs: true);

        CollectionAssert.AreEqual(expected, within.Tensors["losses"].Data);
        Assert.IsTrue(within.Tensors["losses-before"].Data.All(float.IsPositiveInfinity));
        CollectionAssert.AreEqual(expected, between.Tensors["losses"].Data);
        Assert.HasCount(1, between.Tensors);
    }

    [TestMethod]
    public void What_does_not_count_is_not_known()
    {
        using var images = Open(Images.Labelled(8));
        using var pruning = Of(images, share: 0.5);
        using var scope = NewDisposeScope();
        using var batch = images.Batches(batchSize: 8, shuffle: null).Single();
        pruning.Note(batch, zeros([8, 3], ScalarType.Float32), tensor((float[])[1, 0, 2, 1, 1, 0, 1, 1]));

        CollectionAssert.AreEqual(
            (int[])[1, 5],
            pruning.Export(isBetweenEpochs: true).Tensors["losses"].Data.Index().Where(loss => float.IsInfinity(loss.Item))
                .Select(loss => loss.Index).ToArray());
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Each_image_counts_for_those_that_are_left_out_and_as_much_as_it_would_and_steps_are_longer(bool isWeighted)
    {
        using var images = Open(Images.Labelled(40));
        using var pruning = Of(images, share: 0.5);
        pruning.Import(Losses(row => row % 2, count: 40));
        var drawn = pruning.Draw(1, Epochs, 1);
        using var scope = NewDisposeScope();
        foreach (var batch in drawn.Batches(8, shuffle: 1, skip: 0, share: null))
        {
            using (batch)
            {
                var weights = isWeighted ? arange(1, batch.Count + 1, ScalarType.Float32) : null;
                CollectionAssert.AreEqual(
                    batch.NumbersInOrder.Select((row, i) => (row % 2 == 0 ? 2f : 1) * (isWeighted ? i + 1 : 1)).ToArray(),
                    drawn.Weigh(batch, weights)!.data<float>().ToArray());
            }
        }

        Assert.AreEqual(40.0 / drawn.Count, drawn.Stretch);
        Assert.AreEqual(1, pruning.Draw(0, Epochs, 1).Stretch);
    }

    [TestMethod]
    public void An_epoch_that_leaves_images_out_moves_the_network_about_as_far_as_a_whole_one()
    {
        // Plain SGD at a rate so low that gradients stay what they are. Of three epochs the second leaves images out.
        var (first, second, third) = (After(1), After(2), After(3));
        Assert.IsLessThan(400 / 1.5, second.History[1].NumberOfImages!.Value);
        Assert.AreEqual(1, Distance(first, second) / Distance(second, third), 0.25);

        static ResNetModel After(int epochs)
        {
            using var source = new CancellationTokenSource();
            using var model = Images.Trainer(Images.Context(), change: options =>
            {
                (options.DataPruning, options.Recipe, options.LearningRate, options.NumberOfEpochs) = (0.9, TrainingRecipe.Book, 2e-5, 3);
                (options.CancellationToken, options.OnCancellation) = (source.Token, CancellationBehavior.ReturnModel);
                options.EpochCallback = epoch => source.CancelIf(epoch.Epoch == epochs);
            }).Fit(Images.Labelled(400));
            return model.Model;
        }

        // Of the linear layer: those of others are ruled by the smallest batches, in which normalisation has little to go by.
        static double Distance(ResNetModel from, ResNetModel to) => Math.Sqrt(
            from.Network.Weights.Tensors["fc.weight"].Data.Zip(to.Network.Weights.Tensors["fc.weight"].Data, (a, b) => Math.Pow(a - b, 2))
                .Sum());
    }

    [TestMethod]
    public void Example_weights_and_class_weights_go_with_it()
    {
        // Every third image counts nothing.
        var weights = new MemoryColumn<float>("Weight", NumberDataViewType.Single, row => row % 3 == 2 ? 0 : 1 + row);
        var data = Images.Labelled(90, more: weights);
        using var model = Images.Trainer(Images.Context(), change: options =>
        {
            (options.DataPruning, options.NumberOfEpochs, options.LearningRate) = (0.9, 16, 0.02);
            (options.ExampleWeightColumnName, options.ClassWeights) = ("Weight", ClassWeights.Balanced);
        }).Fit(data);

        Assert.IsTrue(model.Model.History.All(epoch => double.IsFinite(epoch.TrainLoss)));
        Assert.IsTrue(model.Model.History.Skip(1).SkipLast(2).All(epoch => epoch.NumberOfImages is >= 30 and < 90));
    }

    [TestMethod]
    public void It_goes_with_images_that_grow()
    {
        using var model = Fit(options => options.Ablation = plan => plan with { InitialImageScale = 0.6, MuonMultiplier = 1 });

        Assert.IsGreaterThan(0.9, Accuracy(model));
    }

    [TestMethod]
    public void A_training_leaves_images_out_learns_and_is_repeated_to_the_bit()
    {
        using var model = Fit();
        using var again = Fit();
        var numbers = model.Model.History.Select(epoch => epoch.NumberOfImages!.Value).ToArray();

        Assert.AreEqual(model.Model.Network.Weights.Fingerprint(), again.Model.Network.Weights.Fingerprint());
        Assert.AreEqual(90, numbers[0]);
        Assert.IsTrue(numbers[1..14].All(number => number is > 9 and < 90), string.Join(' ', numbers));
        CollectionAssert.AreEqual((long[])[90, 90], numbers[14..]);
        Assert.IsGreaterThan(0.9, Accuracy(model));
    }

    [TestMethod]
    public void Progress_is_of_the_images_that_are_trained_on()
    {
        var most = new Dictionary<int, (long Images, long? Of)>();
        using var model = Fit(options => options.ProgressCallback = progress =>
        {
            if (progress.Phase == TrainingPhase.Training)
            {
                most[progress.Epoch] = (progress.Images, progress.NumberOfImages);
            }
        });

        foreach (var epoch in model.Model.History)
        {
            Assert.AreEqual((epoch.NumberOfImages!.Value, epoch.NumberOfImages), most[epoch.Epoch]);
        }
    }

    [TestMethod]
    public void Nothing_is_left_out_where_no_share_is_said_and_the_rate_falls_to_the_same_end()
    {
        using var plain = Fit(options => options.DataPruning = null);
        using var none = Fit(options => options.DataPruning = 0);
        using var pruned = Fit();

        Assert.AreEqual(plain.Model.Network.Weights.Fingerprint(), none.Model.Network.Weights.Fingerprint());
        Assert.IsTrue(none.Model.History.All(epoch => epoch.NumberOfImages == 90));
        Assert.AreEqual(plain.Model.History[^1].LearningRate, pruned.Model.History[^1].LearningRate);

        // Within the step of the schedule that two longer ones come to.
        var half = plain.Model.History[8].LearningRate;
        Assert.AreEqual(half, pruned.Model.History[8].LearningRate, 0.04 * half);
    }

    [TestMethod]
    public void Training_that_was_cancelled_anywhere_goes_on_to_the_bit()
    {
        var folder = Directory.CreateTempSubdirectory("resnet-pruning-");
        try
        {
            using var expected = Fit();
            var starts = 0;
            while (true)
            {
                starts++;
                using var source = new CancellationTokenSource();
                var steps = 0;
                using var found = Fit(options =>
                {
                    options.Checkpoints = new() { Directory = folder.FullName, Minutes = 1e-9, Resume = true };
                    (options.CancellationToken, options.OnCancellation) = (source.Token, CancellationBehavior.ReturnModel);
                    options.ProgressCallback = _ => source.CancelIf(++steps == 10 + starts);
                });
                if (found.Model.Training.Outcome == TrainingOutcome.Completed)
                {
                    Assert.AreEqual(expected.Model.Network.Weights.Fingerprint(), found.Model.Network.Weights.Fingerprint());
                    CollectionAssert.AreEqual(
                        expected.Model.History.Select(epoch => (epoch.NumberOfImages, epoch.TrainLoss)).ToArray(),
                        found.Model.History.Select(epoch => (epoch.NumberOfImages, epoch.TrainLoss)).ToArray());
                    break;
                }
            }

            Assert.IsGreaterThan(5, starts);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestMethod]
    public void Losses_that_cannot_be_or_are_missing_in_a_checkpoint_are_found()
    {
        using var images = Open(Images.Labelled(10));
        using var pruning = Of(images, share: 0.5);
        var good = Losses(row => row, count: 10);
        string? Problem(NamedTensors? tensors, bool between = true) => pruning.ProblemOf(tensors, between);

        Assert.IsNull(Problem(good));
        foreach (var bad in (string?[])
        [
            Problem(null), Problem(good, between: false), Problem(Losses(row => row, count: 9)), Problem(Losses(row => row - 1, count: 10)),
            Problem(Losses(_ => float.NaN, count: 10)),
        ])
        {
            Assert.Contains("losses", bad ?? "");
        }
    }

    [TestMethod]
    public void Streamed_images_are_all_trained_on_and_a_warning_says_so()
    {
        var log = new List<string>();
        using var model = Images.Trainer(Images.Context(log), change: options =>
            (options.DataPruning, options.NumberOfEpochs, options.MemoryBudget) = (0.5, 4, 5_000)).Fit(Images.Labelled(90));

        Assert.IsTrue(model.Model.History.All(epoch => epoch.NumberOfImages == 90));
        Assert.IsTrue(log.Any(line => line.Contains("DataPruning leaves out no image", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_linear_layer_alone_is_trained_on_the_features_of_all_images_and_a_warning_says_so()
    {
        var log = new List<string>();
        using var start = Fit(options => options.NumberOfEpochs = 1);
        using var tuned = Images.Trainer(Images.Context(log), change: options =>
            (options.Architecture, options.StartFrom, options.FrozenStages, options.DataPruning) = (null, start, 4, 0.5))
            .Fit(Images.Labelled(90));

        Assert.IsTrue(tuned.Model.History.All(epoch => epoch.NumberOfImages == 90));
        Assert.IsTrue(log.Any(line => line.Contains("DataPruning leaves out no image", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow(Augmentation.Mixup)]
    [DataRow(Augmentation.CutMix | Augmentation.Flip)]
    public void Mixed_images_are_refused(Augmentation augmentation) => Assert.Contains(
        "null or 0 with Augmentation.Mixup or CutMix",
        Assert.ThrowsExactly<InvalidOperationException>(() => Fit(options => options.Augmentation = augmentation)).Message);

    [TestMethod]
    public void It_leaves_no_tensor_behind()
    {
        Fit().Dispose();
        var before = NativeTensors.Count();
        Fit().Dispose();

        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    [DataRow(1.0)]
    [DataRow(-0.1)]
    [DataRow(double.NaN)]
    public void A_share_that_leaves_nothing_is_refused(double share) => Assert.Contains(
        "DataPruning",
        Assert.ThrowsExactly<InvalidOperationException>(() => Fit(options => options.DataPruning = share)).Message);

    private static ResNetTransformer Fit(Action<ResNetTrainer.Options>? change = null)
    {
        return Images.Trainer(Images.Context(), change: Set).Fit(Images.Labelled(90));

        void Set(ResNetTrainer.Options options)
        {
            (options.DataPruning, options.NumberOfEpochs, options.LearningRate) = (0.9, 16, 0.02);
            change?.Invoke(options);
        }
    }

    private static double Accuracy(ResNetTransformer model) =>
        Images.Context().MulticlassClassification.Evaluate(model.Transform(Images.Labelled(90))).MicroAccuracy;

    private static InMemoryDataset Open(MemoryDataView data)
    {
        var host = ((IHostEnvironment)Images.Context()).Register("test");
        var columns = new TrainingColumns(
            FeatureColumn.Find(host, data.Schema, "Features", 1), LabelColumn.Find(host, data.Schema, "Label"), null);
        var source = new ExampleSource(host, data, columns, new(new(1, 20, 20), Resizes: true, ResizeMode.Stretch), default);
        return (InMemoryDataset)ImageDataset.Load(source, CPU, new(long.MaxValue), recognisable: false);
    }

    private static DataPruning Of(InMemoryDataset images, double share) => new(share, images);

    private static NamedTensors Losses(Func<int, float> loss, int count = 1_000)
    {
        var tensors = new NamedTensors();
        tensors.Add("losses", [count], [.. Enumerable.Range(0, count).Select(loss)]);
        return tensors;
    }

    // The rows of an epoch in their order, and how much each counts; no counts where all count alike.
    private static (int[] Rows, float[] Counts) Pass(EpochImages images, long seed)
    {
        using var scope = NewDisposeScope();
        var (rows, counts) = (new List<int>(), new List<float>());
        foreach (var batch in images.Batches(batchSize: 8, seed, skip: 0, share: null))
        {
            using (batch)
            {
                rows.AddRange(batch.NumbersInOrder);
                counts.AddRange(images.Weigh(batch, null)?.data<float>().ToArray() ?? []);
            }
        }

        return ([.. rows], [.. counts]);
    }
}
