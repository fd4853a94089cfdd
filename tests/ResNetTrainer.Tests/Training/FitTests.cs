using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Data;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

/// <summary>How Fit behaves, through the public API.</summary>
[TestClass]
public class FitTests
{
    private static readonly MLContext Ml = Pictures.Context();

    [TestMethod]
    public void The_callback_is_told_of_every_epoch()
    {
        var epochs = new List<EpochMetrics>();
        using var model = Pictures.Trainer(Ml, change: options =>
        {
            options.NumberOfEpochs = 3;
            options.EpochCallback = epochs.Add;
            options.ValidationSet = Pictures.Labelled(12);
        }).Fit(Pictures.Labelled());

        CollectionAssert.AreEqual((int[])[1, 2, 3], epochs.Select(epoch => epoch.Epoch).ToArray());
        CollectionAssert.AreEqual(epochs, model.Model.History.ToArray());
        Assert.IsTrue(epochs.All(epoch => epoch is
        {
            NumberOfEpochs: 3, TrainLoss: > 0, TrainAccuracy: >= 0 and <= 1, ValidationLoss: > 0, ValidationAccuracy: >= 0 and <= 1,
            ImagesPerSecond: > 0, Seconds: > 0, LearningRate: > 0,
        }));
    }

    [TestMethod]
    public void Progress_is_in_the_log()
    {
        var ml = Pictures.Context();
        var lines = new List<string>();
        ml.Log += (_, message) => lines.Add(message.RawMessage);
        using var model = Pictures.Trainer(ml).Fit(Pictures.Labelled());

        Assert.IsTrue(lines.Any(line => line.Contains("epoch 1 of 1: loss", StringComparison.Ordinal)));
        Assert.IsTrue(lines.Any(line => line.Contains("float32", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void The_same_seed_trains_the_same_model_to_the_bit_and_another_seed_another()
    {
        float[] Train(int seed)
        {
            using var model = Pictures.Trainer(new MLContext(), change: options =>
                (options.Seed, options.NumberOfEpochs, options.Augmentation) = (seed, 2, Augmentation.Flip | Augmentation.Shift)).Fit(Pictures.Labelled());
            return model.Model.Weights.Tensors["layer3.0.conv1.weight"].Data;
        }

        CollectionAssert.AreEqual(Train(5), Train(5));
        CollectionAssert.AreNotEqual(Train(5), Train(6));
    }

    [TestMethod]
    public void Native_memory_is_flat_from_epoch_to_epoch_and_gone_in_the_end()
    {
        Pictures.Trainer(Ml).Fit(Pictures.Labelled()).Dispose();
        var before = CountTensors();
        var counts = new List<long>();
        var model = Pictures.Trainer(Ml, change: options =>
        {
            options.NumberOfEpochs = 4;
            options.Augmentation = Augmentation.Flip | Augmentation.Shift | Augmentation.Erase;
            options.ValidationSet = Pictures.Labelled(12);
            options.EpochCallback = _ => counts.Add(Tensor.TotalCount);
        }).Fit(Pictures.Labelled());
        Assert.AreEqual(before, Tensor.TotalCount);
        Assert.HasCount(1, counts.Distinct());

        Snapshot.Of(model.Transform(Pictures.Unlabelled()));
        model.Dispose();
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    [DataRow(PictureKind.ImageOfUnknownSize)]
    [DataRow(PictureKind.Encoded)]
    public void Reading_and_reducing_pictures_leaves_nothing_native(PictureKind kind)
    {
        var data = Pictures.Labelled(12, kind, size: 40);
        var trainer = Pictures.Trainer(Ml, kind, options => options.ImageSize = 24);
        trainer.Fit(data).Dispose();
        var before = CountTensors();
        using (var model = trainer.Fit(data))
        {
            Snapshot.Scores(model.Transform(data));
        }

        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void A_fit_that_fails_leaves_nothing_native()
    {
        Pictures.Trainer(Ml).Fit(Pictures.Labelled()).Dispose();
        var before = CountTensors();
        var data = Pictures.Labelled();
        data.OnRow = row => _ = row == 20 ? throw new FormatException() : 0;
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Pictures.Trainer(Ml).Fit(data));
        Assert.Contains("Row 20", error.Message);
        Assert.IsInstanceOfType<FormatException>(error.InnerException);
        Assert.ThrowsExactly<TimeoutException>(() => Pictures.Trainer(Ml, change: options => options.EpochCallback = _ => throw new TimeoutException()).Fit(Pictures.Labelled()));

        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Streaming_that_ends_early_leaves_nothing_native(bool fails)
    {
        Pictures.Trainer(Ml).Fit(Pictures.Labelled()).Dispose();
        var before = CountTensors();
        var data = Pictures.Labelled(60);
        var passes = 0;
        data.OnRow = row =>
        {
            passes += row == 0 ? 1 : 0;
            _ = passes == 2 && row == 40 && fails ? throw new FormatException("row 40") : 0;
        };
        using var source = new CancellationTokenSource();
        var trainer = Pictures.Trainer(Ml, change: options =>
        {
            (options.MemoryBudget, options.NumberOfEpochs, options.BatchSize, options.CancellationToken) = (2000, 50, 4, source.Token);
            options.EpochCallback = _ => source.Cancel();
        });
        data = fails ? Unshuffled(data) : data;

        _ = fails
            ? (Exception)Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(data))
            : Assert.ThrowsExactly<OperationCanceledException>(() => trainer.Fit(data));
        Assert.AreEqual(before, Tensor.TotalCount);
        Assert.AreEqual(0, data.OpenCursors);

        // So that the row that fails is in the middle of a pass.
        static MemoryDataView Unshuffled(MemoryDataView data) =>
            new(60, Pictures.Features(), Pictures.Key(LabelKind.Text)) { CanShuffle = false, OnRow = data.OnRow };
    }

    [TestMethod]
    public void A_dispose_scope_around_it_takes_nothing_that_the_model_needs()
    {
        ResNetTransformer model;
        using (NewDisposeScope())
        {
            model = Pictures.Trainer(Ml).Fit(Pictures.Labelled());
            Snapshot.Scores(model.Transform(Pictures.Unlabelled()));
        }

        Assert.HasCount(24, Snapshot.Scores(model.Transform(Pictures.Unlabelled())));
        model.Dispose();
    }

    [TestMethod]
    public void A_cancelled_token_stops_it()
    {
        using var source = new CancellationTokenSource();
        var epochs = 0;
        var trainer = Pictures.Trainer(Ml, change: options =>
        {
            (options.NumberOfEpochs, options.CancellationToken) = (1000, source.Token);
            options.EpochCallback = _ =>
            {
                epochs++;
                source.Cancel();
            };
        });

        Assert.ThrowsExactly<OperationCanceledException>(() => trainer.Fit(Pictures.Labelled()));
        Assert.AreEqual(1, epochs);
    }

    [TestMethod]
    public void CancelExecution_of_the_context_stops_it()
    {
        var ml = Pictures.Context();
        // Internal in ML.NET, where AutoML uses it.
        var cancel = typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!;
        var trainer = Pictures.Trainer(ml, change: options => (options.NumberOfEpochs, options.EpochCallback) = (1000, _ => cancel.Invoke(ml, null)));

        Assert.ThrowsExactly<OperationCanceledException>(() => trainer.Fit(Pictures.Labelled()));
    }

    [TestMethod]
    [DataRow(PictureKind.GreyBytes)]
    [DataRow(PictureKind.Floats)]
    [DataRow(PictureKind.Encoded)]
    public void Pictures_beyond_the_budget_are_streamed_and_learnt_as_well(PictureKind kind)
    {
        var data = Pictures.Labelled(60, kind);
        using var model = Pictures.Trainer(Ml, kind, options =>
            (options.MemoryBudget, options.NumberOfEpochs, options.LearningRate) = (5000, 8, 0.05)).Fit(data);

        Assert.AreEqual(60, model.Model.Training.Images);
        Assert.IsGreaterThan(0.9, Ml.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy);
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(3000L)]
    [DataRow(long.MaxValue)]
    public void Every_pass_has_every_picture_once_in_an_order_that_the_seed_decides(long budget)
    {
        // The first pixel is the number of the picture.
        var data = new MemoryDataView(
            50, Pictures.Vector("Features", row => { var pixels = new byte[400]; pixels[0] = (byte)row; return pixels; }, 1, 20, 20), Pictures.Key(LabelKind.Text));
        var host = ((Microsoft.ML.Runtime.IHostEnvironment)Ml).Register("test");
        var feature = FeatureColumn.Find(host, data.Schema, "Features", 1);
        var label = LabelColumn.Find(host, data.Schema, "Label");
        using var set = PictureSet.Load(
            host, data, new(feature, label, null), new(new(1, 20, 20), false, ResizeMode.Stretch), CPU, budget, recognisable: false, default);
        int[] Pass(long? seed, long skip = 0) => [.. set.Batches(8, seed, skip).SelectMany(batch =>
        {
            using (batch)
            {
                using var scope = NewDisposeScope();
                return batch.ToInput(set.Format).mul(255).round()[.., 0, 0, 0].data<float>().ToArray().Select(value => (int)value).ToArray();
            }
        })];

        Assert.AreEqual(budget < long.MaxValue, set.IsStreamed);
        CollectionAssert.AreEqual(Enumerable.Range(0, 50).ToArray(), Pass(null));
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 50).ToArray(), Pass(1));
        CollectionAssert.AreEqual(Pass(1), Pass(1));
        CollectionAssert.AreNotEqual(Pass(1), Pass(2));
        CollectionAssert.AreEqual(Pass(1)[24..], Pass(1, skip: 3));
        CollectionAssert.AreEqual(Pass(1)[48..], Pass(1, skip: 6));
        Assert.HasCount(0, Pass(1, skip: 7));
    }

    [TestMethod]
    [DataRow(ResizeMode.Stretch)]
    [DataRow(ResizeMode.CenterCrop)]
    [DataRow(ResizeMode.Pad)]
    public void Pictures_of_mixed_sizes_train_and_score(ResizeMode mode)
    {
        var data = new MemoryDataView(
            24, new MemoryColumn<MLImage>("Features", new ImageDataViewType(), row => Pictures.Image(row, 3, 18 + (row % 3 * 10))), Pictures.Key(LabelKind.Text));
        using var model = Pictures.Trainer(Ml, PictureKind.Image, options => (options.ImageSize, options.ResizeMode) = (24, mode)).Fit(data);
        var scores = Snapshot.Scores(model.Transform(data));

        // Each picture has its own score, whatever shape those around it have.
        Snapshot.AssertNear([scores[7]], Snapshot.Scores(model.Transform(Ml.Data.TakeRows(Ml.Data.SkipRows(data, 7), 1))));
    }

    [TestMethod]
    public void Colours_and_grey_are_read_from_either_order_of_bytes()
    {
        byte[] bgra = [30, 20, 10, 255, 60, 50, 40, 255];
        var planes = new byte[6];
        Interleaved.ToPlanes(bgra, redFirst: false, 3, planes);
        CollectionAssert.AreEqual((byte[])[10, 40, 20, 50, 30, 60], planes);
        Interleaved.ToPlanes(bgra, redFirst: true, 3, planes);
        CollectionAssert.AreEqual((byte[])[30, 60, 20, 50, 10, 40], planes);

        var grey = new byte[2];
        Interleaved.ToPlanes(bgra, redFirst: false, 1, grey);
        CollectionAssert.AreEqual((byte[])[18, 48], grey);
        Interleaved.ToPlanes(Interleaved.FromGrey([0, 255]), redFirst: false, 1, grey);
        CollectionAssert.AreEqual((byte[])[0, 255], grey);
    }

    [TestMethod]
    public void A_left_over_picture_does_no_harm()
    {
        using var model = Pictures.Trainer(Ml, change: options => options.NumberOfEpochs = 2).Fit(Pictures.Labelled(25));

        Assert.IsTrue(model.Model.Weights.Tensors.Values.All(tensor => tensor.Data.All(float.IsFinite)));
    }

    // What other tests left to the garbage collector would vanish at any moment.
    private static long CountTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
