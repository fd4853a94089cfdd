using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

/// <summary>What users of ML.NET do with a trainer.</summary>
[TestClass]
public class PipelineTests
{
    private static readonly MLContext Ml = Pictures.Context();
    private static readonly Lazy<ResNetTransformer> _learnt = new(() =>
        Pictures.Trainer(Ml, change: options => (options.NumberOfEpochs, options.LearningRate) = (8, 0.05)).Fit(Pictures.Labelled(60)));

    [TestMethod]
    public void It_learns_and_evaluates()
    {
        using var model = Learnt();
        var metrics = Ml.MulticlassClassification.Evaluate(model.Transform(Pictures.Labelled(60)));

        Assert.IsGreaterThan(0.9, metrics.MicroAccuracy);
        Assert.IsLessThan(0.8, metrics.LogLoss);
        Assert.AreEqual(3, metrics.ConfusionMatrix.NumberOfClasses);
    }

    [TestMethod]
    public void It_cross_validates()
    {
        var folds = Ml.MulticlassClassification.CrossValidate(Pictures.Labelled(36), Pictures.Trainer(Ml), numberOfFolds: 3);

        Assert.HasCount(3, folds);
        Assert.IsTrue(folds.All(fold => fold.Metrics.LogLoss > 0));
    }

    [TestMethod]
    public void It_fits_on_a_train_test_split()
    {
        var split = Ml.Data.TrainTestSplit(Pictures.Labelled(40), testFraction: 0.25);
        using var model = Pictures.Trainer(Ml).Fit(split.TrainSet, split.TestSet);

        Assert.IsNotNull(model.Model.History[0].ValidationAccuracy);
        Assert.IsLessThan(40, model.Model.Training.Images);
    }

    [TestMethod]
    [DataRow(LabelKind.Text)]
    [DataRow(LabelKind.Integer)]
    [DataRow(LabelKind.Float)]
    public void Predicted_labels_map_back_to_the_values_of_the_label(LabelKind kind)
    {
        var data = new MemoryDataView(24, Pictures.Features(), Pictures.RawClass(kind));
        var pipeline = Ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(Pictures.Trainer(Ml))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        var scored = pipeline.Fit(data).Transform(data);

        var values = Snapshot.Of(data, "Class").Select(line => line[line.IndexOf('=')..]).ToHashSet();
        Assert.IsTrue(Snapshot.Of(scored, "PredictedLabel").All(line => values.Contains(line[line.IndexOf('=')..])));
    }

    [TestMethod]
    public void Slots_of_the_score_are_named_after_the_classes()
    {
        using var model = Pictures.Trainer(Ml).Fit(Pictures.Labelled(12));
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        model.GetOutputSchema(Pictures.Unlabelled(1).Schema)["Score"].GetSlotNames(ref names);

        CollectionAssert.AreEqual(Pictures.ClassNames, names.DenseValues().Select(name => name.ToString()).ToArray());
        CollectionAssert.AreEqual(Pictures.ClassNames, model.Model.ClassNames.ToArray());
    }

    [TestMethod]
    public void It_trains_behind_a_cache_checkpoint_and_twice_in_one_pipeline()
    {
        var data = Pictures.Labelled(24, more: [Pictures.Features(PictureKind.Floats, name: "Colour")]);
        EstimatorChain<ITransformer> start = new();
        var pipeline = start.Append(Ml.Transforms.CopyColumns("Copy", "Features")).AppendCacheCheckpoint(Ml)
            .Append(Pictures.Trainer(Ml))
            .Append(Pictures.Trainer(Ml, PictureKind.Floats, options =>
                (options.FeatureColumnName, options.ScoreColumnName, options.PredictedLabelColumnName) = ("Colour", "Score2", "PredictedLabel2")));
        var scored = pipeline.Fit(data).Transform(data);

        Assert.IsGreaterThan(0, Ml.MulticlassClassification.Evaluate(scored).LogLoss);
        Assert.IsGreaterThan(
            0, Ml.MulticlassClassification.Evaluate(scored, scoreColumnName: "Score2", predictedLabelColumnName: "PredictedLabel2").LogLoss);
    }

    [TestMethod]
    public void Both_ways_in_learn()
    {
        var images = Pictures.Labelled(90, PictureKind.GreyImage);
        var perRow = Ml.Transforms.ResizeImages("Resized", 32, 32, "Features")
            .Append(Ml.Transforms.ExtractPixels("Pixels", "Resized", Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator.ColorBits.Blue, scaleImage: 1 / 255f))
            .Append(Pictures.Trainer(Ml, change: options => (options.FeatureColumnName, options.NumberOfEpochs, options.LearningRate) = ("Pixels", 8, 0.05)));
        var onDevice = Pictures.Trainer(Ml, PictureKind.GreyImage, options => (options.ImageSize, options.NumberOfEpochs, options.LearningRate) = (32, 8, 0.05));

        Assert.IsGreaterThan(0.9, Ml.MulticlassClassification.Evaluate(perRow.Fit(images).Transform(images)).MicroAccuracy);
        Assert.IsGreaterThan(0.9, Ml.MulticlassClassification.Evaluate(onDevice.Fit(images).Transform(images)).MicroAccuracy);
    }

    [TestMethod]
    public void Rows_without_a_label_are_left_out()
    {
        var data = new MemoryDataView(24, Pictures.Features(), Pictures.Key(LabelKind.Text, missing: row => row % 4 == 0));
        using var model = Pictures.Trainer(Ml).Fit(data);

        Assert.AreEqual(18, model.Model.Training.Images);
    }

    [TestMethod]
    public void Fitting_twice_gives_two_independent_and_equal_models()
    {
        var trainer = Pictures.Trainer(Ml);
        var data = Pictures.Labelled();
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

        foreach (var score in Snapshot.Scores(model.Transform(Pictures.Unlabelled())))
        {
            Assert.AreEqual(1, score.Sum(), 1e-5);
            Assert.IsTrue(score.All(probability => probability is >= 0 and <= 1));
        }
    }

    [TestMethod]
    public void A_prediction_engine_gives_what_a_cursor_gives()
    {
        using var model = Learnt();
        var expected = Snapshot.Scores(model.Transform(Pictures.Unlabelled(6)));
        using var engine = Ml.Model.CreatePredictionEngine<Picture, Prediction>(model);

        Snapshot.AssertNear(expected, [.. Enumerable.Range(0, 6).Select(row => engine.Predict(Picture.Of(row)).Score)]);
        Assert.AreEqual(1u + 2, engine.Predict(Picture.Of(2)).PredictedLabel);
    }

    [TestMethod]
    public void An_engine_that_is_disposed_leaves_another_one_working()
    {
        using var model = Learnt();
        var expected = Snapshot.Scores(model.Transform(Pictures.Unlabelled(6)));
        var stop = false;
        var threads = Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                using var engine = Ml.Model.CreatePredictionEngine<Picture, Prediction>(model);
                engine.Predict(Picture.Of(0));
            }
        })).ToArray();
        using (var engine = Ml.Model.CreatePredictionEngine<Picture, Prediction>(model))
        {
            Array.ForEach(threads, thread => thread.Start());
            for (var round = 0; round < 20; round++)
            {
                Snapshot.AssertNear(expected, [.. Enumerable.Range(0, 6).Select(row => engine.Predict(Picture.Of(row)).Score)]);
            }

            Volatile.Write(ref stop, true);
            Array.ForEach(threads, thread => thread.Join());
        }

        Snapshot.AssertNear(expected, Snapshot.Scores(model.Transform(Pictures.Unlabelled(6))));
    }

    [TestMethod]
    public void Many_threads_get_what_one_gets()
    {
        using var model = Learnt();
        var data = Pictures.Unlabelled(40);
        var expected = Snapshot.Of(model.Transform(data), "Score");

        Parallel.For(0, 8, _ => Snapshot.AssertEqual(expected, Snapshot.Of(model.Transform(Pictures.Unlabelled(40)), "Score"), "scores"));
    }

    [TestMethod]
    public void An_engine_of_a_loaded_pipeline_says_the_class_by_its_name()
    {
        var data = Pictures.Labelled(60);
        var model = Pictures.Trainer(Ml, change: options => (options.NumberOfEpochs, options.LearningRate) = (8, 0.05))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        using var zip = new MemoryStream();
        Ml.Model.Save(model, data.Schema, zip);
        var other = new MLContext();
        var loaded = other.Model.Load(zip, out _);

        // One after the other, each over a transformer that the one before it has disposed.
        for (var row = 0; row < 3; row++)
        {
            using var engine = other.Model.CreatePredictionEngine<Picture, Named>(loaded);
            Assert.AreEqual(Pictures.ClassNames[row], engine.Predict(Picture.Of(row)).PredictedLabel);
        }
    }

    [TestMethod]
    public void A_whole_pipeline_cross_validates()
    {
        var data = new MemoryDataView(36, Pictures.Features(), Pictures.RawClass(LabelKind.Text), Pictures.Key(LabelKind.Text));
        var pipeline = Ml.Transforms.CopyColumns("Copy", "Features")
            .Append(Pictures.Trainer(Ml, change: options => options.FeatureColumnName = "Copy"))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("Guess", "PredictedLabel"));
        var folds = Ml.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 2);

        Assert.AreEqual(36, folds.Sum(fold => Snapshot.Of(fold.ScoredHoldOutSet, "Guess", "Score").Length));
        Assert.AreNotSame(folds[0].Model, folds[1].Model);
    }

    [TestMethod]
    public void Scores_of_rows_without_a_label_are_not_counted_against_it()
    {
        using var model = Learnt();
        var data = new MemoryDataView(30, Pictures.Features(), Pictures.Key(LabelKind.ByteKeyWithText, missing: row => row % 3 == 0));
        var metrics = Ml.MulticlassClassification.Evaluate(model.Transform(data));

        Assert.HasCount(30, Snapshot.Scores(model.Transform(data)));
        Assert.AreEqual(0, metrics.ConfusionMatrix.Counts[0].Sum());
        Assert.AreEqual(20, metrics.ConfusionMatrix.Counts.Sum(row => row.Sum()));
    }

    [TestMethod]
    public void The_scores_of_two_trainers_are_told_apart()
    {
        var data = Pictures.Labelled(12);
        var scored = Pictures.Trainer(Ml)
            .Append(Pictures.Trainer(Ml, change: options => (options.ScoreColumnName, options.PredictedLabelColumnName) = ("Score2", "PredictedLabel2")))
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
        var data = Pictures.Labelled();
        string[] Scores(int seed)
        {
            using var model = Pictures.Trainer(Pictures.Context(seed), change: options => options.Augmentation = null).Fit(data);
            return Snapshot.Of(model.Transform(data), "Score");
        }

        Snapshot.AssertEqual(Scores(1), Scores(1), "scores");
        CollectionAssert.AreNotEqual(Scores(1), Scores(2));
    }

    // One for all: a transformer that was disposed works on.
    private static ResNetTransformer Learnt() => _learnt.Value;

    private sealed class Picture
    {
        [VectorType(1, Pictures.Size, Pictures.Size)]
        public byte[] Features { get; set; } = [];

        public static Picture Of(int row) => new() { Features = PixelPattern.Planes(row, 1, Pictures.Size, Pictures.Size) };
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
