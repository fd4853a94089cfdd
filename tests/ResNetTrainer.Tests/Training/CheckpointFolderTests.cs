using System.Globalization;
using Microsoft.ML;
using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;

namespace ResNetMLNet.Tests.Training;

/// <summary>A folder of checkpoints: which is the newest, whose it is, and files that are not what training can go on from.</summary>
[TestClass]
public class CheckpointFolderTests
{
    private string _folder = "";

    [TestInitialize]
    public void Create() => _folder = Directory.CreateTempSubdirectory("resnet-checkpoints-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    // As many images as fit the memory have been looked at, of which each process on a machine has its share.
    [TestMethod]
    public void Of_images_that_are_streamed_another_number_of_processes_needs_the_same_number()
    {
        static Dictionary<string, string> Words(int processes, string images) =>
            new() { [TrainingIdentity.ProcessesWord] = $"{processes}", ["the training data"] = images };
        var then = Words(2, "900 images of fingerprint 0123456789abcdef, streamed through a window of 100 bytes (MemoryBudget)");
        var more = "900 images of fingerprint fedcba9876543210, streamed through a window of 200 bytes (MemoryBudget)";

        Assert.IsEmpty(CheckpointIdentity.Differences(then, Words(1, more)));
        Assert.IsEmpty(CheckpointIdentity.Differences(then, Words(1, "900 images of fingerprint fedcba9876543210")));
        Assert.HasCount(1, CheckpointIdentity.Differences(then, Words(1, more.Replace("900", "901", StringComparison.Ordinal))));
        Assert.HasCount(1, CheckpointIdentity.Differences(then, Words(2, more)));
        Assert.HasCount(1, CheckpointIdentity.Differences(Words(2, "9 images of fingerprint 0"), Words(1, "9 images of fingerprint 1")));
    }

    [TestMethod]
    [DataRow("checkpoint-9999-0000000", "checkpoint-10000-0000000")]
    [DataRow("checkpoint-0003-9999999", "checkpoint-0003-10000000")]
    public void The_newest_checkpoint_is_found_and_kept_by_its_numbers(string older, string newer)
    {
        Interrupt(epochs: 3);
        Rename("checkpoint-0002-0000000", older);
        Rename("checkpoint-0003-0000000", newer);
        File.Delete(PathOf("checkpoint-0001-0000000"));
        File.WriteAllText(PathOf("checkpoint-of-mine"), "not one");

        var epochs = new List<int>();
        Fit(options => (options.EpochCallback, options.Checkpoints) = (epoch => epochs.Add(epoch.Epoch), Resuming(kept: 2)));
        CollectionAssert.AreEqual((int[])[4], epochs);
        Assert.IsTrue(File.Exists(PathOf(newer)), string.Join(", ", Directory.GetFiles(_folder)));
        Assert.IsTrue(File.Exists(PathOf("checkpoint-of-mine")));
    }

    [TestMethod]
    [DataRow("checkpoint-0003-0000000")]
    [DataRow("checkpoint-0009-0000000")]
    public void A_damaged_checkpoint_does_not_take_the_place_of_a_good_one(string damaged)
    {
        Interrupt(epochs: 2);
        File.WriteAllText(PathOf(damaged), "damaged");

        Fit(options => options.Checkpoints = Resuming(kept: 1));

        CollectionAssert.AreEqual((string[])[PathOf("checkpoint-0004-0000000")], Directory.GetFiles(_folder, "checkpoint-*"));
    }

    [TestMethod]
    public void All_are_kept_where_that_is_asked_for()
    {
        Interrupt(epochs: 3);
        Rename("checkpoint-0003-0000000", "checkpoint-0009-0000000");

        // Somebody else has the newest for the moment, so that training goes on from the one before.
        using (new FileStream(PathOf("checkpoint-0009-0000000"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Fit(options => options.Checkpoints = Resuming(kept: int.MaxValue));
        }

        Assert.HasCount(5, Directory.GetFiles(_folder, "checkpoint-*.safetensors"));
    }

    [TestMethod]
    public void A_training_begun_where_numbers_have_a_comma_goes_on_where_they_have_a_point()
    {
        var weights = Path.Combine(_folder, "weights.safetensors");
        using (var model = Images.Trainer(Images.Context()).Fit(Images.Labelled()))
        {
            model.Model.ExportToSafeTensors(weights);
        }

        void Set(ResNetTrainer.Options options)
        {
            (options.Architecture, options.InitialWeights) = (null, InitialWeights.FromFile(weights, PixelStatistics.ImageNet));
            options.EarlyStopping = new() { Metric = TrainingMetric.TrainLoss, LeastImprovement = 0.001 };
        }

        var usual = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new("") { NumberFormat = { NumberDecimalSeparator = "," } };
            Fit(options =>
            {
                Set(options);
                options.Checkpoints = new() { Directory = _folder };
            });
        }
        finally
        {
            CultureInfo.CurrentCulture = usual;
        }

        Fit(options =>
        {
            Set(options);
            (options.Checkpoints, options.EpochCallback) = (Resuming(), _ => Assert.Fail("There is nothing left to train."));
        });
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void A_final_checkpoint_that_could_not_be_written_is_tried_again(int failures)
    {
        // A folder is in the way of the only checkpoint until training has said as often that writing it has failed.
        var file = PathOf("checkpoint-0004-0000000");
        Directory.CreateDirectory(file);
        var said = 0;
        var ml = Images.Context();
        ml.Log += (_, message) =>
        {
            if (message.RawMessage.Contains("could not be written", StringComparison.Ordinal) && ++said == failures)
            {
                Directory.Delete(file);
            }
        };
        Fit(options => options.Checkpoints = new() { Directory = _folder, Epochs = 4 }, ml);

        Assert.AreEqual(failures, said);
        Assert.IsTrue(File.Exists(file));
    }

    [TestMethod]
    public void Two_trainings_in_one_folder_are_one_too_many_and_the_second_is_told_of_the_first()
    {
        var message = "";
        Fit(options => options.EpochCallback = epoch => message = epoch.Epoch == 2
            ? Assert.ThrowsExactly<InvalidOperationException>(() => Fit(other => (other.Seed, other.Checkpoints) = (2, Resuming()))).Message
            : message);

        Assert.Contains($"process {Environment.ProcessId}", message);
        Assert.Contains(Environment.MachineName, message);
        Assert.Contains(_folder, message);
        Assert.IsTrue(Directory.GetFiles(_folder).All(file => file.EndsWith(".safetensors", StringComparison.Ordinal)));
        Assert.HasCount(4, Fit(options => options.Checkpoints = Resuming()).History);
    }

    [TestMethod]
    public void A_lock_that_a_killed_process_left_behind_locks_nothing()
    {
        File.WriteAllText(Path.Combine(_folder, "training.lock"), "process 1 on another machine");

        Assert.HasCount(4, Fit().History);
    }

    public static IEnumerable<object[]> Forgeries =>
    [
        ["a tensor is missing", Changed(it => it with { Network = Without(it.Network) })],
        ["a velocity is missing", Changed(it => it with { Velocity = Without(it.Velocity) })],
        ["all velocities are missing", Changed(it => it with { Velocity = new() })],
        ["a tensor too many", Changed(it => it with { Network = With(it.Network, "more", [1], [1]) })],
        ["another shape", Network((name, them) => name == "fc.bias" ? new([them.Shape[0], 1], them.Data) : them)],
        ["a weight that is not a number", Network((_, them) => First(them, float.NaN))],
        ["an infinite velocity", Changed(it => it with { Velocity = Mapped(it.Velocity, (_, them) => First(them, -1 / 0f)) })],
        ["a negative variance", Network((name, them) => name == "bn1.running_var" ? First(them, -1) : them)],
        ["best weights of another network", Changed(it => it with { Best = With(new(), "x", [1], [1]), BestEpoch = 1 })],
        ["a best epoch without weights", Changed(it => it with { BestEpoch = 1 })],
        ["a step before the first", Changed(it => it with { Step = -1 })],
        ["a step beyond the last", Changed(it => it with { Step = 1_000_000 })],
        ["sums that are too few", Changed(it => it with { MetricSums = [1, 2] })],
        ["sums that are not numbers", Changed(it => it with { MetricSums = [double.NaN, 1, 1] })],
        ["an epoch left out", Changed(it => it with { History = it.History[1..] })],
        ["more epochs than there are", Changed(it => it with { History = [.. it.History, .. it.History, .. it.History] })],
        ["an infinite loss", Changed(it => it with { History = [it.History[0] with { TrainLoss = 1 / 0.0 }, .. it.History[1..]] })],
        ["negative seconds", Changed(it => it with { Seconds = -1 })],
        ["no sums", Rewritten("\"tally\": [", "\"tally\": null, \"other\": [")],
        ["no history", Rewritten("\"history\": [", "\"history\": null, \"other\": [")],
        ["an empty epoch", Rewritten("\"history\": [", "\"history\": [ null,")],
        ["no identity", Rewritten("\"identity\": {", "\"identity\": null, \"other\": {")],
        ["an identity of nothing", Rewritten("\"identity\": {", "\"identity\": { \"architecture\": null, \"architecture2\": null,")],
    ];

    [TestMethod]
    [DynamicData(nameof(Forgeries))]
    public void A_checkpoint_that_is_signed_but_cannot_be_is_damaged_and_the_one_before_it_used(string what, Action<string> forge)
    {
        var expected = Interrupt(epochs: 3);
        var newest = PathOf("checkpoint-0003-0000000");
        forge(newest);
        var log = new List<string>();
        var ml = Images.Context(log);
        var epochs = new List<int>();
        var found = Fit(options => (options.Checkpoints, options.EpochCallback) = (Resuming(), epoch => epochs.Add(epoch.Epoch)), ml);

        CollectionAssert.AreEqual((int[])[3, 4], epochs, what);
        Assert.AreEqual(expected, found.Network.Weights.Fingerprint());
        Assert.IsTrue(log.Any(line => line.Contains($"'{newest}' is damaged", StringComparison.Ordinal)), string.Join("\n", log));
    }

    [TestMethod]
    public void A_checkpoint_of_a_newer_version_is_not_passed_over()
    {
        Interrupt(epochs: 3);
        Rewritten("\"formatVersion\": 2", "\"formatVersion\": 99")(PathOf("checkpoint-0003-0000000"));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(options => options.Checkpoints = Resuming()));

        Assert.Contains("checkpoint-0003-0000000", error.Message);
        Assert.Contains("Update the package", error.Message);
        Assert.IsTrue(File.Exists(PathOf("checkpoint-0003-0000000")));
    }

    [TestMethod]
    [DataRow(8, 4, 3, 20, 6)]
    [DataRow(4, 8, 1, 5, 1)]
    [DataRow(4, 8, 3, 5, 2)]
    [DataRow(4, 8, 9, 4, 4)]
    [DataRow(256, 32, 4, 29, 29)]
    [DataRow(64, 256, 3, 15, 1)]
    public void The_step_of_other_batches_is_where_as_many_images_are_done(int then, int now, int step, int steps, int expected)
    {
        static Dictionary<string, string> Words(int size) => new() { ["BatchSize"] = $"{size}" };

        Assert.AreEqual(expected, CheckpointIdentity.StepOfAsManyImages(Words(then), Words(now), step, steps));
    }

    [TestMethod]
    public void A_training_that_has_done_nothing_leaves_no_checkpoint()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => Fit(options => options.CancellationToken = source.Token));

        Assert.IsEmpty(Directory.GetFiles(_folder, "*.safetensors"));
    }

    [TestMethod]
    public void A_checkpoint_of_version_1_that_names_a_batch_larger_than_the_data_is_gone_on_from()
    {
        void Large(ResNetTrainer.Options options) => (options.Recipe, options.BatchSize) = (TrainingRecipe.Book, 256);
        Fit(options =>
        {
            Large(options);
            options.Checkpoints = new() { Directory = _folder, Kept = 1 };
        });
        var file = PathOf("checkpoint-0004-0000000");
        Rewritten("\"formatVersion\": 2", "\"formatVersion\": 1")(file);
        Rewritten("\"BatchSize\": \"24\"", "\"BatchSize\": \"256\"")(file);

        Assert.HasCount(4, Fit(options =>
        {
            Large(options);
            (options.Checkpoints, options.EpochCallback) = (Resuming(), _ => Assert.Fail("There is nothing left to train."));
        }).History);
    }

    private static Action<string> Changed(Func<Checkpoint, Checkpoint> change) => file =>
    {
        var (checkpoint, identity) = CheckpointFile.Read(file);
        CheckpointFile.Write(file, change(checkpoint), identity);
    };

    private static Action<string> Network(Func<string, NamedTensors.Values, NamedTensors.Values> map) =>
        Changed(it => it with { Network = Mapped(it.Network, map) });

    private static Action<string> Rewritten(string old, string replacement) => file =>
    {
        NamedTensors tensors;
        IReadOnlyDictionary<string, string> metadata;
        using (var stream = File.OpenRead(file))
        {
            tensors = SafeTensors.Read(stream, out metadata);
        }

        var json = metadata["checkpoint"].Replace(old, replacement, StringComparison.Ordinal);
        Assert.AreNotEqual(metadata["checkpoint"], json);
        using var target = File.Create(file);
        var signed = new Dictionary<string, string> { ["checkpoint"] = json, ["sha256"] = tensors.Fingerprint(json) };
        SafeTensors.Write(target, tensors, signed);
    };

    private static NamedTensors.Values First(NamedTensors.Values values, float value) => new(values.Shape, [value, .. values.Data[1..]]);

    private static NamedTensors Without(NamedTensors tensors)
    {
        var fewer = new NamedTensors();
        tensors.Tensors.Skip(1).ToList().ForEach(tensor => fewer.Add(tensor.Key, tensor.Value.Shape, tensor.Value.Data));
        return fewer;
    }

    private static NamedTensors With(NamedTensors tensors, string name, long[] shape, float[] data)
    {
        var more = Mapped(tensors, (_, values) => values);
        more.Add(name, shape, data);
        return more;
    }

    private static NamedTensors Mapped(NamedTensors tensors, Func<string, NamedTensors.Values, NamedTensors.Values> map)
    {
        var mapped = new NamedTensors();
        foreach (var (name, values) in tensors.Tensors)
        {
            var (shape, data) = map(name, values) is var other ? (other.Shape, other.Data) : default;
            mapped.Add(name, shape, data);
        }

        return mapped;
    }

    /// <summary>Ends a training of four epochs early; gives what would have come of it.</summary>
    private string Interrupt(int epochs)
    {
        var expected = Fit(options => options.Checkpoints = null).Network.Weights.Fingerprint();
        Assert.ThrowsExactly<TimeoutException>(() => Fit(options => (options.Checkpoints, options.EpochCallback) =
            (new() { Directory = _folder, Kept = 9 }, epoch => _ = epoch.Epoch == epochs ? throw new TimeoutException() : 0)));
        return expected;
    }

    private CheckpointOptions Resuming(int kept = 9) => new() { Directory = _folder, Kept = kept, Resume = true };

    private string PathOf(string name) => Path.Combine(_folder, $"{name}.safetensors");

    private void Rename(string from, string to) => File.Move(PathOf(from), PathOf(to));

    private ResNetModel Fit(Action<ResNetTrainer.Options>? own = null, MLContext? ml = null)
    {
        using var model = Images.Trainer(ml ?? Images.Context(), change: options =>
        {
            (options.NumberOfEpochs, options.Checkpoints) = (4, new() { Directory = _folder });
            own?.Invoke(options);
        }).Fit(Images.Labelled());
        return model.Model;
    }
}
