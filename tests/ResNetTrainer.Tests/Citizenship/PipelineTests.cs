using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

/// <summary>What users of ML.NET do with a trainer.</summary>
[TestClass]
public class PipelineTests
{
    private static readonly MLContext Ml = Images.Context();
    private static readonly Lazy<ResNetTransformer> _learnt = new(() =>
        Images.Trainer(Ml, change: options => (options.NumberOfEpochs, options.LearningRate) = (8, 0.05)).Fit(Images.Labelled(60)));

    [TestMethod]
    public void It_learns_and_evaluates()
    {
        using var model = Learnt();
        var metrics = Ml.MulticlassClassification.Evaluate(model.Transform(Images.Labelled(60)));

        Assert.IsGreaterThan(0.9, metrics.MicroAccuracy);
        Assert.IsLessThan(0.8, metrics.LogLoss);
        Assert.AreEqual(3, metrics.ConfusionMatrix.NumberOfClasses);
        foreach (var name in Images.ClassNames)
        {
            Assert.Contains(name, metrics.ConfusionMatrix.GetFormattedConfusionTable());
        }
    }

    [TestMethod]
    public void It_cross_validates()
    {
        var trainer = Images.Trainer(Ml, change: options => (options.NumberOfEpochs, options.LearningRate) = (10, 0.05));
        var folds = Ml.MulticlassClassification.CrossValidate(Images.Labelled(60), trainer, numberOfFolds: 3);

        Assert.HasCount(3, folds);
        foreach (var fold in folds)
        {
            // Of images that it has not seen, a third by chance.
            Assert.IsGreaterThan(0.6, fold.Metrics.MicroAccuracy);
        }
    }

    [TestMethod]
    public void It_fits_on_a_train_test_split()
    {
        var split = Ml.Data.TrainTestSplit(Images.Labelled(40), testFraction: 0.25);
        using var model = Images.Trainer(Ml).Fit(split.TrainSet, split.TestSet);

        Assert.IsNotNull(model.Model.History[0].ValidationAccuracy);
        Assert.IsLessThan(40, model.Model.Training.Images);
    }

    [TestMethod]
    [DataRow(LabelKind.Text)]
    [DataRow(LabelKind.Integer)]
    [DataRow(LabelKind.Float)]
    public void Predicted_labels_map_back_to_the_values_of_the_label(LabelKind kind)
    {
        var data = new MemoryDataView(24, Images.Features(), Images.RawClass(kind));
        var pipeline = Ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(Images.Trainer(Ml))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var scored = pipeline.Fit(data).Transform(data);

        var values = Snapshot.Of(data, "Class").Select(line => line[line.IndexOf('=')..]).ToHashSet();
        Assert.IsTrue(Snapshot.Of(scored, "PredictedLabel").All(line => values.Contains(line[line.IndexOf('=')..])));
    }

    [TestMethod]
    public void Slots_of_the_score_are_named_after_the_classes()
    {
        using var model = Images.Trainer(Ml).Fit(Images.Labelled(12));
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        model.GetOutputSchema(Images.Unlabelled(1).Schema)["Score"].GetSlotNames(ref names);

        CollectionAssert.AreEqual(Images.ClassNames, names.DenseValues().Select(name => name.ToString()).ToArray());
        CollectionAssert.AreEqual(Images.ClassNames, model.Model.ClassNames.ToArray());
    }

    [TestMethod]
    public void It_trains_behind_a_cache_checkpoint_and_twice_in_one_pipeline()
    {
        static void Learn(ResNetTrainer.Options options) =>
            (options.Seed, options.NumberOfEpochs, options.LearningRate) = (7, 10, 0.05);
        var data = Images.Labelled(40, more: [Images.Features(ImageKind.Floats, name: "Colour")]);
        EstimatorChain<ITransformer> start = new();
        var pipeline = start.Append(Ml.Transforms.CopyColumns("Copy", "Features")).AppendCacheCheckpoint(Ml)
            .Append(Images.Trainer(Ml, change: Learn))
            .Append(Images.Trainer(Ml, ImageKind.Floats, options =>
            {
                Learn(options);
                (options.FeatureColumnName, options.ScoreColumnName, options.PredictedLabelColumnName) =
                    ("Colour", "Score2", "PredictedLabel2");
            }));
        var scored = pipeline.Fit(data).Transform(data);
        using var uncached = Images.Trainer(Ml, change: Learn).Fit(data);

        Snapshot.AssertEqual(Snapshot.Of(uncached.Transform(data), "Score"), Snapshot.Of(scored, "Score"), "scores");
        Assert.IsGreaterThan(0.6, Ml.MulticlassClassification.Evaluate(scored).MicroAccuracy);
        var second = Ml.MulticlassClassification.Evaluate(scored, scoreColumnName: "Score2", predictedLabelColumnName: "PredictedLabel2");
        Assert.IsGreaterThan(0.6, second.MicroAccuracy);
    }

    [TestMethod]
    public void Both_ways_in_learn()
    {
        var images = Images.Labelled(90, ImageKind.GreyImage);
        var perRow = Ml.Transforms.ResizeImages("Resized", 32, 32, "Features")
            .Append(Ml.Transforms.ExtractPixels(
                "Pixels", "Resized", Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator.ColorBits.Blue, scaleImage: 1 / 255f))
            .Append(Images.Trainer(Ml, change: options =>
                (options.FeatureColumnName, options.NumberOfEpochs, options.LearningRate) = ("Pixels", 8, 0.05)));
        var onDevice = Images.Trainer(Ml, ImageKind.GreyImage, options =>
            (options.ImageSize, options.NumberOfEpochs, options.LearningRate) = (32, 8, 0.05));

        Assert.IsGreaterThan(0.9, Ml.MulticlassClassification.Evaluate(perRow.Fit(images).Transform(images)).MicroAccuracy);
        Assert.IsGreaterThan(0.9, Ml.MulticlassClassification.Evaluate(onDevice.Fit(images).Transform(images)).MicroAccuracy);
    }

    [TestMethod]
    public void Rows_without_a_label_are_left_out()
    {
        var data = new MemoryDataView(24, Images.Features(), Images.Key(LabelKind.Text, missing: row => row % 4 == 0));
        using var model = Images.Trainer(Ml).Fit(data);

        Assert.AreEqual(18, model.Model.Training.Images);
    }

    [TestMethod]
    public void Fitting_twice_gives_two_independent_and_equal_models()
    {
        var trainer = Images.Trainer(Ml);
        var data = Images.Labelled();
        var one = trainer.Fit(data);
        using var other = trainer.Fit(data);
        var scores = Snapshot.Of(one.Transform(data), "Score");
        one.Dispose();

        Snapshot.AssertEqual(scores, Snapshot.Of(other.Transform(data), "Score"), "scores");
    }

    [TestMethod]
    public void Scores_are_probabilities()
    {
        using var model = Learnt();

        foreach (var score in Snapshot.Scores(model.Transform(Images.Unlabelled())))
        {
            Assert.AreEqual(1, score.Sum(), 1e-5);
            Assert.IsTrue(score.All(probability => probability is >= 0 and <= 1));
        }
    }

    [TestMethod]
    public void A_prediction_engine_gives_what_a_cursor_gives()
    {
        using var model = Learnt();
        var expected = Snapshot.Scores(model.Transform(Images.Unlabelled(6)));
        using var engine = Ml.Model.CreatePredictionEngine<Image, Prediction>(model);

        Snapshot.AssertNear(expected, [.. Enumerable.Range(0, 6).Select(row => engine.Predict(Image.Of(row)).Score)]);
        Assert.AreEqual(1u + 2, engine.Predict(Image.Of(2)).PredictedLabel);
    }

    [TestMethod]
    public void An_engine_that_is_disposed_leaves_another_one_working()
    {
        using var model = Learnt();
        var expected = Snapshot.Scores(model.Transform(Images.Unlabelled(6)));
        var stop = false;
        var threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                using var engine = Ml.Model.CreatePredictionEngine<Image, Prediction>(model);
                engine.Predict(Image.Of(0));
            }
        })).ToArray();
        using (var engine = Ml.Model.CreatePredictionEngine<Image, Prediction>(model))
        {
            Array.ForEach(threads, thread => thread.Start());
            for (var round = 0; round < 20; round++)
            {
                Snapshot.AssertNear(expected, [.. Enumerable.Range(0, 6).Select(row => engine.Predict(Image.Of(row)).Score)]);
            }

            Volatile.Write(ref stop, true);
            Array.ForEach(threads, thread => thread.Join());
        }

        Snapshot.AssertNear(expected, Snapshot.Scores(model.Transform(Images.Unlabelled(6))));
    }

    [TestMethod]
    public void Many_threads_get_what_one_gets()
    {
        using var model = Learnt();
        var data = Images.Unlabelled(40);
        var expected = Snapshot.Of(model.Transform(data), "Score");

        Parallel.For(0, 8, _ => Snapshot.AssertEqual(expected, Snapshot.Of(model.Transform(Images.Unlabelled(40)), "Score"), "scores"));
    }

    [TestMethod]
    public void An_engine_of_a_loaded_pipeline_says_the_class_by_its_name()
    {
        var data = Images.Labelled(60);
        var model = Images.Trainer(Ml, change: options => (options.NumberOfEpochs, options.LearningRate) = (8, 0.05))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, data.Schema, zip);
        var other = new MLContext();
        var loaded = other.Model.Load(zip, out _);

        // One after the other, each over a transformer that the one before it has disposed.
        for (var row = 0; row < 3; row++)
        {
            using var engine = other.Model.CreatePredictionEngine<Image, Named>(loaded);
            Assert.AreEqual(Images.ClassNames[row], engine.Predict(Image.Of(row)).PredictedLabel);
        }
    }

    [TestMethod]
    public void A_whole_pipeline_cross_validates()
    {
        var data = new MemoryDataView(36, Images.Features(), Images.RawClass(LabelKind.Text), Images.Key(LabelKind.Text));
        var pipeline = Ml.Transforms.CopyColumns("Copy", "Features")
            .Append(Images.Trainer(Ml, change: options => options.FeatureColumnName = "Copy"))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("Guess", "PredictedLabel"));
        var folds = Ml.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 2);

        Assert.AreEqual(36, folds.Sum(fold => Snapshot.Of(fold.ScoredHoldOutSet, "Guess", "Score").Length));
        Assert.AreNotSame(folds[0].Model, folds[1].Model);
    }

    [TestMethod]
    public void Scores_of_rows_without_a_label_are_not_counted_against_it()
    {
        using var model = Learnt();
        var data = new MemoryDataView(30, Images.Features(), Images.Key(LabelKind.ByteKeyWithText, missing: row => row % 3 == 0));
        var metrics = Ml.MulticlassClassification.Evaluate(model.Transform(data));

        Assert.HasCount(30, Snapshot.Scores(model.Transform(data)));
        Assert.AreEqual(0, metrics.ConfusionMatrix.Counts[0].Sum());
        Assert.AreEqual(20, metrics.ConfusionMatrix.Counts.Sum(row => row.Sum()));
    }

    [TestMethod]
    public void The_scores_of_two_trainers_are_told_apart()
    {
        var data = Images.Labelled(12);
        var scored = Images.Trainer(Ml)
            .Append(Images.Trainer(Ml, change: options =>
                (options.ScoreColumnName, options.PredictedLabelColumnName) = ("Score2", "PredictedLabel2")))
            .Fit(data).Transform(data);

        Assert.AreEqual(Set("Score"), Set("PredictedLabel"));
        Assert.AreEqual(Set("Score2"), Set("PredictedLabel2"));
        Assert.AreNotEqual(Set("Score"), Set("Score2"));

        uint Set(string column)
        {
            var set = 0u;
            scored.Schema[column].Annotations.GetValue("ScoreColumnSetId", ref set);
            return set;
        }
    }

    [TestMethod]
    public void The_same_seed_of_the_context_gives_the_same_scores_to_the_bit()
    {
        var data = Images.Labelled();
        string[] Scores(int seed)
        {
            using var model = Images.Trainer(Images.Context(seed), change: options => options.Augmentation = null).Fit(data);
            return Snapshot.Of(model.Transform(data), "Score");
        }

        Snapshot.AssertEqual(Scores(1), Scores(1), "scores");
        CollectionAssert.AreNotEqual(Scores(1), Scores(2));
    }

    // One for all: a transformer that was disposed works on.
    private static ResNetTransformer Learnt() => _learnt.Value;

    private sealed class Image
    {
        [VectorType(1, Images.Size, Images.Size)]
        public byte[] Features { get; set; } = [];

        public static Image Of(int row) => new() { Features = PixelPattern.Planes(row, 1, Images.Size, Images.Size) };
    }

    private sealed class Named
    {
        public string PredictedLabel { get; set; } = "";
    }

    private sealed class Prediction
    {
        public float[] Score { get; set; } = [];

        [KeyType(3)]
        public uint PredictedLabel { get; set; }
    }
}
