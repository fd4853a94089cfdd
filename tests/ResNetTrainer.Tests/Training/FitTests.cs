using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Data.Loading;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Training;

/// <summary>How Fit behaves, through the public API.</summary>
[TestClass]
public class FitTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    public void One_of_two_validation_sets_is_not_left_out_in_silence()
    {
        var trainer = Images.Trainer(Ml, change: options => options.ValidationSet = Images.Labelled(12));

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Images.Labelled(), Images.Labelled(12)));
        Assert.Contains("validation set", error.Message);
    }

    [TestMethod]
    public void The_callback_is_told_of_every_epoch()
    {
        var epochs = new List<EpochMetrics>();
        using var model = Images.Trainer(Ml, change: options =>
        {
            options.NumberOfEpochs = 3;
            options.EpochCallback = epochs.Add;
            options.ValidationSet = Images.Labelled(12);
        }).Fit(Images.Labelled());

        CollectionAssert.AreEqual((int[])[1, 2, 3], epochs.Select(epoch => epoch.Epoch).ToArray());
        CollectionAssert.AreEqual(epochs, model.Model.History.ToArray());
        Assert.IsTrue(epochs.All(epoch => epoch is
        {
            NumberOfEpochs: 3, TrainLoss: > 0, TrainAccuracy: >= 0 and <= 1, ValidationLoss: > 0, ValidationAccuracy: >= 0 and <= 1,
            ImagesPerSecond: > 0, Seconds: > 0, LearningRate: > 0,
        }));
    }

    [TestMethod]
    [DataRow(28, TrainingRecipe.Fast, "resnet18-narrow")]
    [DataRow(40, TrainingRecipe.Best, "resnet18-half")]
    [DataRow(41, TrainingRecipe.Fast, "resnet18-book")]
    [DataRow(28, TrainingRecipe.Book, "resnet18-book")]
    public void Without_a_name_the_network_suits_the_images(int size, TrainingRecipe recipe, string expected)
    {
        using var model = Images.Trainer(Ml, change: options =>
            (options.Architecture, options.Recipe, options.ImageSize) = (null, recipe, size)).Fit(Images.Labelled(rows: 6));

        Assert.AreEqual(expected, model.Model.Architecture.Name);
    }

    [TestMethod]
    public void What_becomes_of_the_options_later_does_not_change_the_trainer()
    {
        var options = Images.Tiny(change: each => each.NumberOfEpochs = 2);
        var trainer = Images.Context().MulticlassClassification.Trainers.ResNet(options);
        options.NumberOfEpochs = 1;
        using var model = trainer.Fit(Images.Labelled());

        Assert.HasCount(2, model.Model.History);
    }

    [TestMethod]
    public void The_longer_side_decides_which_network_suits()
    {
        var wide = Images.Vector("Features", i => PixelPattern.Planes(i, 1, 28, 44), 1, 28, 44);
        using var model = Images.Trainer(Ml, change: options => options.Architecture = null)
            .Fit(new MemoryDataView(6, wide, Images.Key(LabelKind.Text)));

        Assert.AreEqual("resnet18-book", model.Model.Architecture.Name);
    }

    [TestMethod]
    public void Progress_is_in_the_log()
    {
        var ml = Images.Context();
        var lines = new List<string>();
        ml.Log += (_, message) => lines.Add(message.RawMessage);
        using var model = Images.Trainer(ml).Fit(Images.Labelled());

        Assert.IsTrue(lines.Any(line => line.Contains("epoch 1 of 1: train loss", StringComparison.Ordinal)));
        Assert.IsTrue(lines.Any(line => line.Contains("float32", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void The_same_seed_trains_the_same_model_to_the_bit_and_another_seed_another()
    {
        float[] Train(int seed)
        {
            using var model = Images.Trainer(new MLContext(), change: options =>
                (options.Seed, options.NumberOfEpochs, options.Augmentation) =
                (seed, 2, Augmentation.Flip | Augmentation.Shift)).Fit(Images.Labelled());
            return model.Model.Network.Weights.Tensors["layer3.0.conv1.weight"].Data;
        }

        CollectionAssert.AreEqual(Train(5), Train(5));
        CollectionAssert.AreNotEqual(Train(5), Train(6));
    }

    [TestMethod]
    public void Native_memory_is_flat_from_epoch_to_epoch_and_gone_in_the_end()
    {
        Images.Trainer(Ml).Fit(Images.Labelled()).Dispose();
        var before = NativeTensors.Count();
        var counts = new List<long>();
        var model = Images.Trainer(Ml, change: options =>
        {
            options.NumberOfEpochs = 4;
            options.Augmentation = Augmentation.Flip | Augmentation.Shift | Augmentation.Erase;
            options.ValidationSet = Images.Labelled(12);
            options.EpochCallback = _ => counts.Add(Tensor.TotalCount);
        }).Fit(Images.Labelled());
        Assert.AreEqual(before, Tensor.TotalCount);
        Assert.HasCount(1, counts.Distinct());

        Snapshot.Of(model.Transform(Images.Unlabelled()));
        model.Dispose();
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    [DataRow(ImageKind.ImageOfUnknownSize)]
    [DataRow(ImageKind.Encoded)]
    public void Reading_and_reducing_images_leaves_nothing_native(ImageKind kind)
    {
        var data = Images.Labelled(12, kind, size: 40);
        var trainer = Images.Trainer(Ml, kind, options => options.ImageSize = 24);
        trainer.Fit(data).Dispose();
        var before = NativeTensors.Count();
        using (var model = trainer.Fit(data))
        {
            Snapshot.Scores(model.Transform(data));
        }

        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void A_fit_that_fails_leaves_nothing_native()
    {
        Images.Trainer(Ml).Fit(Images.Labelled()).Dispose();
        var before = NativeTensors.Count();
        var data = Images.Labelled();
        data.OnRow = row => _ = row == 20 ? throw new FormatException() : 0;
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Ml).Fit(data));
        Assert.Contains("Row 20", error.Message);
        Assert.IsInstanceOfType<FormatException>(error.InnerException);
        Assert.ThrowsExactly<TimeoutException>(() =>
            Images.Trainer(Ml, change: options => options.EpochCallback = _ => throw new TimeoutException()).Fit(Images.Labelled()));

        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Streaming_that_ends_early_leaves_nothing_native(bool fails)
    {
        Images.Trainer(Ml).Fit(Images.Labelled()).Dispose();
        var before = NativeTensors.Count();
        var data = Images.Labelled(60);
        var passes = 0;
        data.OnRow = row =>
        {
            passes += row == 0 ? 1 : 0;
            _ = passes == 2 && row == 40 && fails ? throw new FormatException("row 40") : 0;
        };
        using var source = new CancellationTokenSource();
        var trainer = Images.Trainer(Ml, change: options =>
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
            new(60, Images.Features(), Images.Key(LabelKind.Text)) { CanShuffle = false, OnRow = data.OnRow };
    }

    [TestMethod]
    public void A_dispose_scope_around_it_takes_nothing_that_the_model_needs()
    {
        ResNetTransformer model;
        using (NewDisposeScope())
        {
            model = Images.Trainer(Ml).Fit(Images.Labelled());
            Snapshot.Scores(model.Transform(Images.Unlabelled()));
        }

        Assert.HasCount(24, Snapshot.Scores(model.Transform(Images.Unlabelled())));
        model.Dispose();
    }

    [TestMethod]
    public void A_cancelled_token_stops_it()
    {
        using var source = new CancellationTokenSource();
        var epochs = 0;
        var trainer = Images.Trainer(Ml, change: options =>
        {
            (options.NumberOfEpochs, options.CancellationToken) = (1000, source.Token);
            options.EpochCallback = _ =>
            {
                epochs++;
                source.Cancel();
            };
        });

        Assert.ThrowsExactly<OperationCanceledException>(() => trainer.Fit(Images.Labelled()));
        Assert.AreEqual(1, epochs);
    }

    [TestMethod]
    public void CancelExecution_of_the_context_stops_it()
    {
        var ml = Images.Context();
        // Internal in ML.NET, where AutoML uses it.
        var cancel = typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!;
        var trainer = Images.Trainer(ml, change: options =>
            (options.NumberOfEpochs, options.EpochCallback) = (1000, _ => cancel.Invoke(ml, null)));

        Assert.ThrowsExactly<OperationCanceledException>(() => trainer.Fit(Images.Labelled()));
    }

    [TestMethod]
    [DataRow(ImageKind.GreyBytes)]
    [DataRow(ImageKind.Floats)]
    [DataRow(ImageKind.Encoded)]
    public void Images_beyond_the_budget_are_streamed_and_learnt_as_well(ImageKind kind)
    {
        var data = Images.Labelled(60, kind);
        using var model = Images.Trainer(Ml, kind, options =>
            (options.MemoryBudget, options.NumberOfEpochs, options.LearningRate) = (5000, 8, 0.05)).Fit(data);

        Assert.AreEqual(60, model.Model.Training.Images);
        Assert.IsGreaterThan(0.9, Ml.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy);
    }

    [TestMethod]
    [DataRow(0L)]
    [DataRow(3000L)]
    [DataRow(long.MaxValue)]
    public void Every_pass_has_every_image_once_in_an_order_that_the_seed_decides(long budget)
    {
        // The first pixel is the number of the image.
        var data = new MemoryDataView(
            50, Images.Vector(
                "Features", row => { var pixels = new byte[400]; pixels[0] = (byte)row; return pixels; }, 1, 20, 20),
                Images.Key(LabelKind.Text));
        var host = ((Microsoft.ML.Runtime.IHostEnvironment)Ml).Register("test");
        var feature = FeatureColumn.Find(host, data.Schema, "Features", 1);
        var label = LabelColumn.Find(host, data.Schema, "Label");
        var source = new ExampleSource(host, data, new(feature, label, null), new(new(1, 20, 20), false, ResizeMode.Stretch), default);
        using var set = ImageDataset.Load(source, CPU, new(budget), recognisable: false);
        int[] Pass(long? seed, long skip = 0) => [.. set.Batches(8, seed, skip).SelectMany(batch =>
        {
            using (batch)
            {
                using var scope = NewDisposeScope();
                return batch.ToInput(set.Format).mul(255).round()[.., 0, 0, 0].data<float>().ToArray()
                    .Select(value => (int)value).ToArray();
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
    public void Images_of_mixed_sizes_train_and_score(ResizeMode mode)
    {
        var data = new MemoryDataView(
            24,
            new MemoryColumn<MLImage>("Features", new ImageDataViewType(), row => Images.Image(row, 3, 18 + (row % 3 * 10))),
            Images.Key(LabelKind.Text));
        using var model = Images.Trainer(Ml, ImageKind.Image, options => (options.ImageSize, options.ResizeMode) = (24, mode)).Fit(data);
        var scores = Snapshot.Scores(model.Transform(data));

        // Each image has its own score, whatever shape those around it have.
        Snapshot.AssertNear([scores[7]], Snapshot.Scores(model.Transform(Ml.Data.TakeRows(Ml.Data.SkipRows(data, 7), 1))));
    }

    [TestMethod]
    public void Colours_and_grey_are_read_from_either_order_of_bytes()
    {
        byte[] bgra = [30, 20, 10, 255, 60, 50, 40, 255];
        var planes = new byte[6];
        new PixelGrid(bgra, 2, 1).ToPlanes(3, planes);
        CollectionAssert.AreEqual((byte[])[10, 40, 20, 50, 30, 60], planes);
        new PixelGrid(bgra, 2, 1, redFirst: true).ToPlanes(3, planes);
        CollectionAssert.AreEqual((byte[])[30, 60, 20, 50, 10, 40], planes);

        var grey = new byte[2];
        new PixelGrid(bgra, 2, 1).ToPlanes(1, grey);
        CollectionAssert.AreEqual((byte[])[18, 48], grey);
        new PixelGrid(PixelLayout.FromGrey([0, 255]), 2, 1).ToPlanes(1, grey);
        CollectionAssert.AreEqual((byte[])[0, 255], grey);
    }

    [TestMethod]
    public void A_left_over_image_does_no_harm()
    {
        using var model = Images.Trainer(Ml, change: options => options.NumberOfEpochs = 2).Fit(Images.Labelled(25));

        Assert.IsTrue(model.Model.Network.Weights.Tensors.Values.All(tensor => tensor.Data.All(float.IsFinite)));
    }
}
