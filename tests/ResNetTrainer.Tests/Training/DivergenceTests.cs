using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training.Checkpoints;

namespace ResNetMLNet.Tests.Training;

/// <summary>Batches larger than the data, and weights, scores and losses that are not finite.</summary>
[TestClass]
public class DivergenceTests
{
    private string _folder = "";

    [TestInitialize]
    public void Create() => _folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow(2048, 24)]
    [DataRow(1_000_000, 24)]
    [DataRow(int.MaxValue, 24)]
    [DataRow(null, 20)]
    public void A_batch_is_as_large_as_the_data_at_most_and_the_learning_rate_follows_it(int? batchSize, int rows)
    {
        using var model = Images.Trainer(
            Images.Context(), change: options => (options.BatchSize, options.NumberOfEpochs) = (batchSize, 2)).Fit(Images.Labelled(rows));

        Assert.AreEqual(rows, model.Model.Training.BatchSize);
        Assert.AreEqual(0.1 * rows / 32, model.Model.Training.LearningRate, 1e-12);
        Assert.IsTrue(Snapshot.Scores(model.Transform(Images.Unlabelled())).All(row => row.All(float.IsFinite)));
    }

    [TestMethod]
    public void The_books_rate_stays_the_books_and_its_arithmetic_is_the_same_with_a_batch_of_all_rows()
    {
        ResNetModel Fit(int? batchSize)
        {
            using var model = Images.Trainer(Images.Context(), change: options =>
                (options.Recipe, options.BatchSize, options.NumberOfEpochs) = (TrainingRecipe.Book, batchSize, 3)).Fit(Images.Labelled());
            return model.Model;
        }

        var (own, all) = (Fit(null), Fit(24));
        Assert.AreEqual(0.05, own.Training.LearningRate);
        Assert.AreEqual(all.Network.Weights.Fingerprint(), own.Network.Weights.Fingerprint());
    }

    [TestMethod]
    [DataRow(1e30)]
    [DataRow(1e12)]
    public void Weights_that_the_last_step_of_an_epoch_ruins_make_no_model_and_no_checkpoint(double rate)
    {
        // The loss of the only step is that of fresh weights, and fine.
        var trainer = Images.Trainer(Images.Context(), change: options =>
            (options.LearningRate, options.BatchSize, options.Checkpoints) = (rate, 24, new() { Directory = _folder, Minutes = 1e-9 }));
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => trainer.Fit(Images.Labelled()));

        Assert.AreEqual(1, error.Epoch);
        Assert.IsNull(error.LastGoodModel);
        Assert.IsEmpty(Directory.GetFiles(_folder, "*.safetensors"));
    }

    [TestMethod]
    public void A_cancelled_training_whose_weights_are_ruined_returns_no_model()
    {
        // Streamed, the second batch is read, and cancels, when the first is ready to be trained on.
        using var source = new CancellationTokenSource();
        var passes = 0;
        var data = Unshuffled(24);
        data.OnRow = row =>
        {
            passes += row == 0 ? 1 : 0;
            if (passes == 2 && row == 8)
            {
                source.Cancel();
            }
        };
        var trainer = Images.Trainer(Images.Context(), change: options =>
        {
            (options.LearningRate, options.MemoryBudget, options.CancellationToken) = (1e30, 100, source.Token);
            (options.OnCancellation, options.Checkpoints) = (CancellationBehavior.ReturnModel, new() { Directory = _folder });
        });

        Assert.AreEqual(1, Assert.ThrowsExactly<TrainingDivergedException>(() => trainer.Fit(data)).Epoch);
        Assert.IsEmpty(Directory.GetFiles(_folder, "*.safetensors"));
    }

    [TestMethod]
    [DataRow(1e30)]
    [DataRow(5.2e29)]
    public void The_tenth_to_try_is_a_tenth_of_what_the_message_names(double rate)
    {
        var trainer = Images.Trainer(Images.Context(), change: options => options.LearningRate = rate);
        var message = Assert.ThrowsExactly<TrainingDivergedException>(() => trainer.Fit(Images.Labelled())).Message;
        var rates = Regex.Matches(message, @"LearningRate = ([0-9.E+-]*\d)")
            .Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))
            .ToArray();

        Assert.HasCount(2, rates, message);
        Assert.AreEqual(rate, rates[0], 1e-3 * rate);
        Assert.AreEqual(rates[0] / 10, rates[1], 1e-4 * rates[1]);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void The_rate_that_is_named_is_that_of_the_step_that_is_named(int epochs)
    {
        // One step an epoch. Half of the steps are done after a half of the first.
        var trainer = Images.Trainer(Images.Context(), change: options =>
            (options.LearningRate, options.BatchSize, options.NumberOfEpochs) = (1e30, 24, epochs));
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => trainer.Fit(Images.Labelled()));

        Assert.AreEqual((1, 1L), (error.Epoch, error.Step));
        var done = 0.5 / epochs;
        Assert.AreEqual(1e30 * (1 - done) / 0.9, error.LearningRate, 1e24);
    }

    [TestMethod]
    [DataRow(TrainingMetric.ValidationLoss)]
    [DataRow(TrainingMetric.ValidationAccuracy)]
    public void A_validation_loss_that_is_not_finite_is_reported(TrainingMetric metric)
    {
        var features = Images.Vector("Features", i => Enumerable.Repeat(i == 7 ? -3e38f : 0.5f, 400).ToArray(), 1, 20, 20);
        var validation = new MemoryDataView(12, features, Images.Key(LabelKind.ByteKeyWithText));
        var train = Images.OfWhite(5, rows: 24);
        var trainer = Images.Trainer(Images.Context(), ImageKind.GreyFloats, options =>
            (options.BestWeightsBy, options.NumberOfEpochs, options.Checkpoints) = (metric, 3, new() { Directory = _folder }));
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => trainer.Fit(train, validation));

        Assert.AreEqual(1, error.Epoch);
        Assert.Contains("validation loss became NaN", error.Message);
        Assert.IsEmpty(Directory.GetFiles(_folder, "*.safetensors"));
    }

    [TestMethod]
    public void A_validation_set_of_which_nothing_counts_is_an_error_of_its_own()
    {
        // The training data has no image of the last class, so that balanced weights give it none.
        var train = new MemoryDataView(16, Images.Features(), Key(i => i % 2 + 1));
        var validation = new MemoryDataView(6, Images.Features(), Key(_ => 3));
        var trainer = Images.Trainer(Images.Context(), change: options => options.ClassWeights = ClassWeights.Balanced);
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(train, validation)).Message;

        Assert.Contains("validation set", message);
        Assert.Contains("Balanced", message);

        static MemoryColumn Key(Func<int, int> key) =>
            new MemoryColumn<uint>("Label", new KeyDataViewType(typeof(uint), 3), i => (uint)key(i));
    }

    [TestMethod]
    public void After_a_resume_within_an_epoch_the_last_good_model_is_that_of_the_last_epoch()
    {
        void Set(ResNetTrainer.Options options, CancellationToken cancellation = default)
        {
            (options.NumberOfEpochs, options.MemoryBudget, options.ExampleWeightColumnName) = (5, 100, "Weight");
            (options.CancellationToken, options.Checkpoints) = (cancellation, new() { Directory = _folder, Kept = 9, Resume = true });
            options.BestWeightsBy = TrainingMetric.TrainLoss;
        }

        using var source = new CancellationTokenSource();
        var passes = 0;
        var data = Weighted(() => 1);
        data.OnRow = row =>
        {
            passes += row == 0 ? 1 : 0;
            if (passes == 4 && row == 20)
            {
                // The batches before this row are trained on meanwhile.
                Thread.Sleep(300);
                source.Cancel();
            }
        };
        Assert.ThrowsExactly<OperationCanceledException>(
            () => Images.Trainer(Images.Context(), change: options => Set(options, source.Token)).Fit(data));
        var (within, _) = CheckpointFile.Read(Directory.GetFiles(_folder, "*.safetensors").Max()!);
        Assert.IsGreaterThan(0, within.Step);
        Assert.HasCount(2, within.History);

        passes = 0;
        var worse = Weighted(() => passes > 1 ? 3e38f : 1);
        worse.OnRow = row => passes += row == 0 ? 1 : 0;
        var trainer = Images.Trainer(Images.Context(), change: options => Set(options));
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => trainer.Fit(worse));

        using var good = error.LastGoodModel!;
        var (epoch, _) = CheckpointFile.Read(Path.Combine(_folder, "checkpoint-0002-0000000.safetensors"));
        Assert.HasCount(2, good.Model.History);
        Assert.IsNull(good.Model.Training.BestEpoch, "The weights are those of the last epoch that went well, not of the best.");
        Assert.AreEqual(epoch.Network.Fingerprint(), good.Model.Network.Weights.Fingerprint());

        static MemoryDataView Weighted(Func<float> weight) => new(
            24, Images.Features(), Images.Key(LabelKind.Text), new MemoryColumn<float>("Weight", NumberDataViewType.Single, _ => weight()))
        {
            CanShuffle = false,
        };
    }

    private static MemoryDataView Unshuffled(int rows) => new(rows, Images.Features(), Images.Key(LabelKind.Text)) { CanShuffle = false };
}
