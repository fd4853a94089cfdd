using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>Checkpoints, and going on from them.</summary>
[TestClass]
public class CheckpointTests
{
    private string _folder = "";

    private CheckpointOptions Resuming => new() { Directory = _folder, Resume = true };

    [TestInitialize]
    public void Create() => _folder = Path.Combine(Directory.CreateTempSubdirectory("resnet-checkpoints-").FullName, "checkpoints");

    [TestCleanup]
    public void Delete() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    public static IEnumerable<object[]> Interruptions =>
        from precision in (ComputePrecision[])[ComputePrecision.Float32, ComputePrecision.BFloat16]
        from budget in (long?[])[null, 2000]
        from size in (int?[])[null, 36]
        select (object[])[precision, budget!, size!];

    [TestMethod]
    [DynamicData(nameof(Interruptions))]
    public void Training_that_was_cancelled_anywhere_and_goes_on_ends_as_if_it_had_not_been(
        ComputePrecision precision, long? budget, int? size)
    {
        // Half of these images are resized; all are flipped, shifted, erased and mixed, in batches that do not divide their number.
        void Set(ResNetTrainer.Options options) =>
            (
                options.Precision, options.MemoryBudget, options.ImageSize, options.NumberOfEpochs, options.Augmentation,
                options.BestWeightsBy) =
            (
                precision, budget, size, 3, Augmentation.Flip | Augmentation.Shift | Augmentation.Erase | Augmentation.Mixup,
                TrainingMetric.ValidationLoss);
        var expected = Fit(options => (options.ValidationSet, options.Checkpoints) = (Images.Labelled(12), null), Set);

        ResNetModel found;
        var starts = 0;
        do
        {
            // Streamed images stop a run a few rows further than the last; others stop it in the first step of the next epoch.
            starts++;
            using var source = new CancellationTokenSource();
            var data = Images.Labelled(30);
            var rows = 0;
            data.OnRow = _ =>
            {
                if (++rows == 30 + (7 * starts))
                {
                    source.Cancel();
                }
            };
            found = Fit(
                options =>
                {
                    (options.ValidationSet, options.CancellationToken, options.OnCancellation, options.Checkpoints) =
                        (
                            Images.Labelled(12), source.Token, CancellationBehavior.ReturnModel, new()
                            {
                                Directory = _folder,
                                Minutes = 1e-9,
                                Resume = true
                            });
                    options.EpochCallback = _ => source.CancelIf(budget is null || starts % 3 == 0);
                },
                Set,
                data);
        }
        while (found.Training.Outcome == TrainingOutcome.Cancelled);

        Assert.IsGreaterThan(1, starts);
        Assert.AreEqual(TrainingOutcome.Completed, found.Training.Outcome);
        Assert.AreEqual(expected.Network.Weights.Fingerprint(), found.Network.Weights.Fingerprint());
        Assert.AreEqual(expected.Training.BestEpoch, found.Training.BestEpoch);
        CollectionAssert.AreEqual(
            expected.History.Select(epoch => (epoch.TrainLoss, epoch.TrainAccuracy, epoch.ValidationLoss)).ToArray(),
            found.History.Select(epoch => (epoch.TrainLoss, epoch.TrainAccuracy, epoch.ValidationLoss)).ToArray());
    }

    [TestMethod]
    public void Writing_checkpoints_changes_nothing_and_keeps_the_newest_few()
    {
        var expected = Fit(options => (options.NumberOfEpochs, options.Checkpoints) = (5, null));
        var found = Fit(options =>
            (options.NumberOfEpochs, options.Checkpoints) = (5, new() { Directory = _folder, Minutes = 1e-9, Kept = 2 }));

        Assert.AreEqual(expected.Network.Weights.Fingerprint(), found.Network.Weights.Fingerprint());
        CollectionAssert.AreEqual((string[])["checkpoint-0004-0000004.safetensors", "checkpoint-0005-0000000.safetensors"], Files());
    }

    [TestMethod]
    public void They_are_written_at_the_interval_that_is_asked_for_and_at_the_end()
    {
        Fit(options => (options.NumberOfEpochs, options.Checkpoints) = (5, new() { Directory = _folder, Epochs = 2, Kept = 9 }));

        CollectionAssert.AreEqual(
            (string[])["checkpoint-0002-0000000.safetensors", "checkpoint-0004-0000000.safetensors",
            "checkpoint-0005-0000000.safetensors"], Files());
    }

    [TestMethod]
    [DataRow(60.0, false)]
    [DataRow(0.5, false, DisplayName = "half a minute, and not half a second")]
    [DataRow(0.01, true, DisplayName = "six tenths of a second")]
    public void The_interval_within_an_epoch_is_one_of_minutes(double minutes, bool isOver)
    {
        // The first of the four steps takes seven tenths of a second.
        Fit(options =>
        {
            options.Checkpoints = new() { Directory = _folder, Minutes = minutes, Kept = 9 };
            options.ProgressCallback = progress =>
                Thread.Sleep(progress is { Phase: TrainingPhase.Training, Images: 8 } ? 700 : 0);
        });

        Assert.AreEqual(isOver, Files().Any(file => file.StartsWith("checkpoint-0000-", StringComparison.Ordinal)));
        Assert.AreEqual("checkpoint-0001-0000000.safetensors", Files()[^1]);
    }

    [TestMethod]
    public void Finished_training_is_resumed_to_the_same_model_at_once()
    {
        var expected = Fit();
        var found = Fit(options =>
            (options.Checkpoints, options.EpochCallback) = (Resuming, _ => Assert.Fail("There is nothing left to train.")));

        Assert.AreEqual(expected.Network.Weights.Fingerprint(), found.Network.Weights.Fingerprint());
        Assert.HasCount(expected.History.Count, found.History);
    }

    [TestMethod]
    public void A_drawn_seed_is_gone_on_with()
    {
        var data = Images.Labelled(30);
        var trainer = Images.Trainer(new MLContext(), change: options => options.Checkpoints = new() { Directory = _folder });
        using var first = trainer.Fit(data);
        using var second = Images.Trainer(new MLContext(), change: options => options.Checkpoints = Resuming).Fit(data);

        Assert.AreEqual(first.Model.Training.Seed, second.Model.Training.Seed);
        Assert.AreEqual(first.Model.Network.Weights.Fingerprint(), second.Model.Network.Weights.Fingerprint());
    }

    [TestMethod]
    public void Earlier_checkpoints_are_not_overwritten_unasked()
    {
        Fit();

        Assert.Contains("Resume = true", Assert.ThrowsExactly<InvalidOperationException>(() => Fit()).Message);
    }

    [TestMethod]
    public void A_damaged_checkpoint_is_named_and_the_one_before_it_used()
    {
        var expected = Fit(options => options.NumberOfEpochs = 3);
        foreach (var damage in (Action<string>[])[Truncate, FlipABit, Empty])
        {
            var newest = Path.Combine(_folder, Files()[^1]);
            damage(newest);
            var log = new List<string>();
            var ml = Images.Context(log);
            var epochs = 0;
            var found = Fit(
                options => (options.NumberOfEpochs, options.Checkpoints, options.EpochCallback) = (3, Resuming, _ => epochs++),
                data: Images.Labelled(30),
                ml: ml);

            Assert.AreEqual(1, epochs);
            Assert.AreEqual(expected.Network.Weights.Fingerprint(), found.Network.Weights.Fingerprint());
            Assert.IsTrue(log.Any(line =>
                line.Contains(newest, StringComparison.Ordinal) && line.Contains("damaged", StringComparison.Ordinal)));
        }

        static void Truncate(string file) => File.WriteAllBytes(file, File.ReadAllBytes(file)[..^100]);
        static void Empty(string file) => File.WriteAllBytes(file, []);
        static void FlipABit(string file)
        {
            var bytes = File.ReadAllBytes(file);
            bytes[^1000] ^= 4;
            File.WriteAllBytes(file, bytes);
        }
    }

    [TestMethod]
    public void Where_all_are_damaged_nothing_is_started_over_unasked()
    {
        Fit();
        Files().ToList().ForEach(file => File.WriteAllText(Path.Combine(_folder, file), "nothing"));

        Assert.Contains(
            "None of the checkpoints",
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(options => options.Checkpoints = Resuming)).Message);
    }

    public static IEnumerable<object[]> Differences =>
    [
        ["BatchSize was 8 and is 6", (Action<ResNetTrainer.Options>)(options => options.BatchSize = 6)],
        ["Seed was 1 and is 2", (Action<ResNetTrainer.Options>)(options => options.Seed = 2)],
        ["architecture", (Action<ResNetTrainer.Options>)(options => options.Architecture = options.Architecture! with { Width = 8 })],
        ["images was 1x20x20", (Action<ResNetTrainer.Options>)(options => options.ImageSize = 24)],
        ["the validation data was none", (Action<ResNetTrainer.Options>)(options => options.ValidationSet = Images.Labelled(12))],
        ["EarlyStopping", (Action<ResNetTrainer.Options>)(options => options.EarlyStopping = new() { Metric = TrainingMetric.TrainLoss })],
    ];

    [TestMethod]
    [DynamicData(nameof(Differences))]
    public void A_checkpoint_of_other_options_is_refused(string difference, Action<ResNetTrainer.Options> change)
    {
        Fit();

        Assert.Contains(
            difference,
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(options => options.Checkpoints = Resuming, change)).Message);
    }

    [TestMethod]
    public void A_checkpoint_of_another_window_is_refused()
    {
        // What streamed images are shuffled within decides their order.
        Fit(options => options.MemoryBudget = 2000);

        Assert.Contains(
            "MemoryBudget",
            Assert.ThrowsExactly<InvalidOperationException>(() =>
                Fit(options => (options.Checkpoints, options.MemoryBudget) = (Resuming, 3000))).Message);
    }

    [TestMethod]
    public void A_checkpoint_of_other_data_is_refused()
    {
        Fit();

        Assert.Contains(
            "training data",
            Assert.ThrowsExactly<InvalidOperationException>(() =>
                Fit(options => options.Checkpoints = Resuming, data: Images.Labelled(31))).Message);
    }

    [TestMethod]
    public void A_callback_that_throws_ends_training_and_its_checkpoint_is_kept()
    {
        var expected = Fit(options => (options.NumberOfEpochs, options.Checkpoints) = (3, null));
        Assert.ThrowsExactly<TimeoutException>(() =>
            Fit(options => (options.NumberOfEpochs, options.EpochCallback) = (3, _ => throw new TimeoutException())));
        var found = Fit(options => (options.NumberOfEpochs, options.Checkpoints) = (3, Resuming));

        Assert.AreEqual(expected.Network.Weights.Fingerprint(), found.Network.Weights.Fingerprint());
    }

    [TestMethod]
    public void A_data_view_that_fails_half_way_leaves_a_checkpoint_to_go_on_from()
    {
        static void Stream(ResNetTrainer.Options options) => (options.NumberOfEpochs, options.MemoryBudget) = (2, 2000);
        var expected = Fit(options => options.Checkpoints = null, Stream);
        var rows = 0;
        var data = Images.Labelled(30);
        data.OnRow = _ => _ = ++rows == 52 ? throw new FormatException() : 0;
        Assert.Contains("Row ", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(change: Stream, data: data)).Message);
        var found = Fit(options => options.Checkpoints = Resuming, Stream);

        Assert.AreEqual(expected.Network.Weights.Fingerprint(), found.Network.Weights.Fingerprint());
    }

    [TestMethod]
    public void Unfinished_files_of_a_killed_process_are_removed_and_others_left()
    {
        Fit();
        var stray = Path.Combine(_folder, "checkpoint-0001-0000000.safetensors.0123456789abcdef.tmp");
        var other = Path.Combine(_folder, "notes.tmp");
        File.WriteAllText(stray, "");
        File.WriteAllText(other, "");
        Fit(options => options.Checkpoints = Resuming);

        Assert.IsFalse(File.Exists(stray));
        Assert.IsTrue(File.Exists(other));
    }

    [TestMethod]
    public void A_folder_that_cannot_be_is_named()
    {
        File.WriteAllText(_folder, "a file");

        Assert.Contains("Checkpoints.Directory", Assert.ThrowsExactly<InvalidOperationException>(() => Fit()).Message);
    }

    [TestMethod]
    public void A_disk_that_fails_does_not_end_training()
    {
        var log = new List<string>();
        var ml = Images.Context(log);
        using var model = Images.Trainer(ml, change: options =>
        {
            (options.Checkpoints, options.NumberOfEpochs) = (new() { Directory = _folder }, 3);
            options.EpochCallback = _ =>
            {
                // Waits for the file of the first epoch, so that there is one to put in the way.
                for (var i = 0; i < 100 && Directory.Exists(_folder) && Files().Length == 0; i++)
                {
                    Thread.Sleep(20);
                }

                if (Directory.Exists(_folder))
                {
                    Directory.Delete(_folder, recursive: true);
                    File.WriteAllText(_folder, "in the way");
                }
            };
        }).Fit(Images.Labelled(30));

        Assert.HasCount(3, model.Model.History);
        Assert.IsTrue(log.Any(line => line.Contains("could not be written", StringComparison.Ordinal)));
    }

    private string[] Files() => [.. Directory.GetFiles(_folder, "*.safetensors").Select(file => Path.GetFileName(file)).Order()];

    private ResNetModel Fit(
        Action<ResNetTrainer.Options>? own = null, Action<ResNetTrainer.Options>? change = null, IDataView? data = null,
        MLContext? ml = null)
    {
        using var model = Images.Trainer(ml ?? Images.Context(), change: options =>
        {
            options.Checkpoints = new() { Directory = _folder };
            change?.Invoke(options);
            own?.Invoke(options);
        }).Fit(data ?? Images.Labelled(30));
        return model.Model;
    }
}
