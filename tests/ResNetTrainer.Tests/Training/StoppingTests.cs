using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>Validation, early stopping, the best weights, and cancelling.</summary>
[TestClass]
public class StoppingTests
{
    // Large enough to make the metrics go up and down.
    private const double Unsteady = 0.2;

    [TestMethod]
    [DataRow(TrainingMetric.ValidationLoss)]
    [DataRow(TrainingMetric.ValidationAccuracy)]
    [DataRow(TrainingMetric.TrainLoss)]
    [DataRow(TrainingMetric.TrainAccuracy)]
    public void Training_stops_when_the_metric_has_not_improved_for_as_long_as_its_patience(TrainingMetric metric)
    {
        using var model = Fit(options =>
            (options.EarlyStopping, options.NumberOfEpochs, options.LearningRate) =
            (new() { Metric = metric, Patience = 2 }, 60, Unsteady));
        var values = model.Model.History.Select(epoch => Score(epoch, metric)).ToArray();

        Assert.AreEqual(TrainingOutcome.StoppedEarly, model.Model.Training.Outcome);
        Assert.AreEqual(values.Max(), values[^3]);
        Assert.IsFalse(
            Enumerable.Range(3, values.Length - 3).Any(n => values[n - 3] >= values[..n].Max()),
            "It ought to have stopped before.");
    }

    [TestMethod]
    public void An_improvement_that_is_too_small_does_not_count()
    {
        using var model = Fit(options =>
            (options.EarlyStopping, options.NumberOfEpochs) =
            (new() { Metric = TrainingMetric.TrainLoss, Patience = 3, LeastImprovement = 100 }, 60));

        Assert.HasCount(4, model.Model.History);
    }

    [TestMethod]
    public void Without_early_stopping_all_epochs_are_trained()
    {
        using var model = Fit(options => options.NumberOfEpochs = 6);

        Assert.AreEqual(TrainingOutcome.Completed, model.Model.Training.Outcome);
        Assert.HasCount(6, model.Model.History);
        Assert.IsNull(model.Model.Training.BestEpoch);
    }

    [TestMethod]
    public void The_best_epochs_weights_are_returned_where_asked()
    {
        var ml = Images.Context();
        using var model = Fit(options =>
            (options.Recipe, options.BestWeightsBy, options.NumberOfEpochs, options.LearningRate) =
            (TrainingRecipe.Book, TrainingMetric.ValidationLoss, 8, 4 * Unsteady));
        var best = model.Model.History.MinBy(epoch => epoch.ValidationLoss)!;
        var metrics = ml.MulticlassClassification.Evaluate(model.Transform(Validation()));

        Assert.IsLessThan(8, best.Epoch, "The test is about epochs that are not the last.");
        Assert.AreEqual(best.Epoch, model.Model.Training.BestEpoch);
        Assert.AreEqual(best.ValidationLoss!.Value, metrics.LogLoss, 1e-4 * Math.Max(1, metrics.LogLoss));
        Assert.AreEqual(best.ValidationAccuracy!.Value, metrics.MicroAccuracy, 1e-9);
    }

    [TestMethod]
    public void A_fraction_of_the_training_data_is_held_out()
    {
        using var model = Images.Trainer(Images.Context(), change: options =>
                (options.ValidationFraction, options.NumberOfEpochs) = (0.25, 2))
            .Fit(Images.Labelled(200));

        Assert.IsInRange(130, 170, model.Model.Training.Images);
        Assert.IsTrue(model.Model.History.All(epoch => epoch.ValidationLoss is not null && epoch.ValidationAccuracy is not null));
    }

    [TestMethod]
    public void A_fraction_and_a_set_are_too_much()
    {
        Assert.Contains(
            "ValidationFraction",
            Assert.ThrowsExactly<InvalidOperationException>(() =>
                Fit(options => (options.ValidationFraction, options.ValidationSet) = (0.2, Validation()))).Message);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_metric_of_validation_wants_a_validation_set(bool stopping)
    {
        var trainer = Images.Trainer(Images.Context(), change: options => (options.EarlyStopping, options.BestWeightsBy) =
            (stopping ? new() : null, stopping ? null : TrainingMetric.ValidationLoss));

        Assert.Contains(
            "there is no validation set",
            Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Images.Labelled())).Message);
    }

    [TestMethod]
    public void Cancelled_training_returns_the_model_as_it_stands_where_asked()
    {
        using var source = new CancellationTokenSource();
        using var model = Fit(options =>
        {
            (options.NumberOfEpochs, options.CancellationToken, options.OnCancellation) =
                (1000, source.Token, CancellationBehavior.ReturnModel);
            options.EpochCallback = epoch => Cancel(epoch.Epoch == 2);
        });

        Assert.AreEqual(TrainingOutcome.Cancelled, model.Model.Training.Outcome);
        Assert.HasCount(2, model.Model.History);
        Assert.HasCount(24, Snapshot.Scores(model.Transform(Images.Unlabelled())));

        void Cancel(bool now)
        {
            if (now)
            {
                source.Cancel();
            }
        }
    }

    [TestMethod]
    public void Cancelling_stops_within_a_step_of_training()
    {
        // The 1,000 rows are streamed, 8 a step: no more are read than are read ahead.
        using var source = new CancellationTokenSource();
        var data = Images.Labelled(1000);
        var rows = 0;
        data.OnRow = _ =>
        {
            if (++rows == 1200)
            {
                source.Cancel();
            }
        };
        var trainer = Images.Trainer(Images.Context(), change: options =>
            (options.NumberOfEpochs, options.CancellationToken, options.MemoryBudget) = (1000, source.Token, 2000));

        Assert.ThrowsExactly<OperationCanceledException>(() => trainer.Fit(data));
        Assert.IsLessThan(1300, rows);
        Assert.AreEqual(0, data.OpenCursors);
    }

    [TestMethod]
    public void Cancelling_stops_the_reading_of_the_images_too()
    {
        using var source = new CancellationTokenSource();
        var data = Images.Labelled(1000);
        data.OnRow = row =>
        {
            if (row == 100)
            {
                source.Cancel();
            }
        };

        Assert.ThrowsExactly<OperationCanceledException>(
            () => Images.Trainer(Images.Context(), change: options => options.CancellationToken = source.Token).Fit(data));
        Assert.IsLessThan(500, data.RowsRead);
    }

    private static double Score(EpochMetrics epoch, TrainingMetric metric) => metric switch
    {
        TrainingMetric.ValidationLoss => -epoch.ValidationLoss!.Value,
        TrainingMetric.ValidationAccuracy => epoch.ValidationAccuracy!.Value,
        TrainingMetric.TrainLoss => -epoch.TrainLoss,
        _ => epoch.TrainAccuracy,
    };

    private static ResNetTransformer Fit(Action<ResNetTrainer.Options> change) =>
        Images.Trainer(Images.Context(), change: change).Fit(Images.Labelled(40), Validation());

    private static IDataView Validation() => new MLContext().Data.SkipRows(Images.Labelled(60), 40);
}
