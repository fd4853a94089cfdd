using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>Training of the linear layer alone: what it sees is computed once.</summary>
[TestClass]
public class FrozenFeatureTests
{
    private const int Epochs = 6;

    [TestMethod]
    public void The_linear_layer_becomes_what_it_becomes_when_images_run_through_the_whole_network()
    {
        using var start = Start();
        using var kept = Fit(start);

        // Images that might grow have to be looked at in each epoch.
        using var again = Fit(start, options => options.Ablation = plan => plan with { InitialImageScale = 0.99 });

        foreach (var (name, values) in again.Model.Network.Weights.Tensors)
        {
            Snapshot.AssertNear([values.Data], [kept.Model.Network.Weights[name].ToArray()], 1e-5);
        }

        foreach (var (expected, actual) in again.Model.History.Zip(kept.Model.History))
        {
            Assert.AreEqual(expected.TrainLoss, actual.TrainLoss, 1e-5);
            Assert.AreEqual(expected.ValidationLoss!.Value, actual.ValidationLoss!.Value, 1e-5);
            Assert.AreEqual(expected.ValidationAccuracy, actual.ValidationAccuracy);
        }
    }

    [TestMethod]
    [DataRow(Augmentation.None, 4, 2)]
    [DataRow(Augmentation.Flip, 4, Epochs + 1)]
    [DataRow(Augmentation.None, 3, Epochs + 1)]
    public void Images_that_do_not_fit_are_read_once_more_where_nothing_before_the_linear_layer_changes(
        Augmentation augmentation, int frozen, int readings)
    {
        // 9,600 bytes of pixels, and 3,072 of features.
        using var start = Start();
        var data = Images.Labelled(24);
        using var model = Fit(
            start,
            options => (options.MemoryBudget, options.Augmentation, options.FrozenStages) = (5_000, augmentation, frozen),
            data);

        Assert.AreEqual(24 * readings, data.RowsRead);
    }

    [TestMethod]
    public void So_are_images_to_validate_with_where_both_features_fit()
    {
        using var start = Start();
        var validation = Images.Labelled(12);
        using var model = Fit(start, options => options.MemoryBudget = 5_000, Images.Labelled(24), validation);

        Assert.AreEqual(12 * 2, validation.RowsRead);
    }

    [TestMethod]
    public void Features_that_do_not_fit_are_computed_in_each_epoch()
    {
        using var start = Start();
        var data = Images.Labelled(24);
        using var model = Fit(start, options => options.MemoryBudget = 3_000, data);

        Assert.AreEqual(24 * (Epochs + 1), data.RowsRead);
    }

    [TestMethod]
    public void It_goes_on_from_a_checkpoint_to_the_same_bit()
    {
        var folder = Directory.CreateTempSubdirectory("resnet-features-").FullName;
        try
        {
            using var start = Start();
            using var expected = Fit(start);
            using var source = new CancellationTokenSource();
            void Checkpoint(ResNetTrainer.Options options) =>
                (options.CancellationToken, options.OnCancellation, options.Checkpoints) =
                (source.Token, CancellationBehavior.ReturnModel, new() { Directory = folder, Resume = true, Epochs = 2 });
            using var interrupted = Fit(start, options =>
            {
                Checkpoint(options);
                options.EpochCallback = epoch => (epoch.Epoch == 3 ? source : new()).Cancel();
            });
            Assert.AreEqual(TrainingOutcome.Cancelled, interrupted.Model.Training.Outcome);
            using var resumed = Fit(start, options => options.Checkpoints = new() { Directory = folder, Resume = true });

            Assert.AreEqual(expected.Model.Network.Weights.Fingerprint(), resumed.Model.Network.Weights.Fingerprint());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void It_can_be_cancelled_while_features_are_computed()
    {
        using var start = Start();
        using var source = new CancellationTokenSource();
        var data = Images.Labelled(200);
        data.OnRow = _ =>
        {
            if (data.RowsRead > 260)
            {
                source.Cancel();
            }
        };
        using var model = Fit(
            start,
            options => (options.MemoryBudget, options.CancellationToken, options.OnCancellation) =
                (30_000, source.Token, CancellationBehavior.ReturnModel),
            data);

        Assert.AreEqual(TrainingOutcome.Cancelled, model.Model.Training.Outcome);
        Assert.IsEmpty(model.Model.History);
    }

    [TestMethod]
    public void A_single_image_that_is_left_over_is_trained_on_since_nothing_normalises_it()
    {
        // A batch of 8 and one of 1.
        using var start = Start();
        using var model = Fit(
            start, options => (options.NumberOfEpochs, options.LearningRate) = (1, 1e-12), Images.Labelled(9), Images.Labelled(9));

        var epoch = model.Model.History.Single();
        Assert.AreEqual(epoch.ValidationLoss!.Value, epoch.TrainLoss, 1e-6);
    }

    private static ResNetTransformer Start() => Images.Trainer(Images.Context()).Fit(Images.Labelled(30));

    private static ResNetTransformer Fit(
        ResNetTransformer start,
        Action<ResNetTrainer.Options>? change = null,
        MemoryDataView? data = null,
        MemoryDataView? validation = null) =>
        Images.Trainer(Images.Context(), change: options =>
        {
            (options.StartFrom, options.FrozenStages, options.NumberOfEpochs, options.LearningRate) = (start, 4, Epochs, 0.1);
            change?.Invoke(options);
        }).Fit(data ?? Images.Labelled(30), validation ?? Images.Labelled(12));
}
