using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Citizenship;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Features;

/// <summary>The estimator of features is as good a citizen of ML.NET as the trainer, and composes with ML.NET's own trainers.</summary>
[TestClass]
public class FeaturesCitizenshipTests
{
    private static readonly MLContext Ml = Images.Context();

    public static IEnumerable<object[]> ImageKinds => Enum.GetValues<ImageKind>().Select(kind => new object[] { kind });

    private static IEnumerable<IDataView> Invalid =>
    [
        new MemoryDataView(3, Images.Key(LabelKind.Text)),
        new MemoryDataView(3, Images.Text("Features", i => "an image")),
        new MemoryDataView(3, new MemoryColumn<float>("Features", NumberDataViewType.Single, i => i)),
        new MemoryDataView(3, Images.Vector("Features", _ => new float[9])),
        new MemoryDataView(3, Images.Vector("Features", _ => new double[400], 1, 20, 20)),
    ];

    private static IEnumerable<IDataView> InvalidDimensions =>
    [
        new MemoryDataView(3, Images.Vector("Features", _ => new byte[500], 500)),
        new MemoryDataView(3, Images.Vector("Features", _ => new float[400], 20, 20)),
        new MemoryDataView(3, Images.Vector("Features", _ => new byte[800], 2, 20, 20)),
    ];

    [TestMethod]
    [DynamicData(nameof(ImageKinds))]
    public void Every_kind_of_image_passes_the_workout(ImageKind kind) => new EstimatorWorkout(
        Ml, Featurizer.Of(Ml, change: options => options.ImageChannels = Images.Channels(kind)))
    {
        Output = Featurizer.Output,
        Valid = Images.Labelled(12, kind),
        Invalid = Invalid,
        InvalidDimensions = InvalidDimensions,

        // Of as many channels as the column had when it was fitted.
        ValidForFit = [Images.Unlabelled(4, Images.Channels(kind) == 1 ? ImageKind.Floats : ImageKind.GreyBytes)],
    }.Run();

    [TestMethod]
    [DataRow(ImageKind.GreyBytes)]
    [DataRow(ImageKind.Encoded)]
    public void A_models_features_pass_the_workout(ImageKind kind)
    {
        using var model = Featurizer.Classifier(kind);
        new EstimatorWorkout(Ml, Featurizer.Of(Ml, model))
        {
            Output = Featurizer.Output,
            Valid = Images.Unlabelled(12, kind),
            Invalid = Invalid,
            InvalidDimensions = [.. InvalidDimensions, Images.Unlabelled(4, ImageKind.Floats, size: 24)],
        }.Run();
    }

    [TestMethod]
    public void A_row_alone_gives_what_it_gives_in_a_batch()
    {
        var data = Images.Unlabelled(40, ImageKind.Floats);
        using var transformer = Featurizer.Of(Ml).Fit(data);
        var together = Snapshot.Scores(transformer.Transform(data), Featurizer.Output);
        var rows = data.GetColumn<float[]>("Features").ToArray();
        var alone = rows.SelectMany(pixels => Snapshot.Scores(
            transformer.Transform(new MemoryDataView(1, Images.Vector("Features", _ => pixels, 3, Images.Size, Images.Size))),
            Featurizer.Output));

        Snapshot.AssertNear(together, [.. alone], 1e-5);
    }

    [TestMethod]
    public void A_prediction_engine_gives_features_and_another_goes_on_when_it_is_disposed()
    {
        var data = Images.Unlabelled(6, ImageKind.Floats);
        using var transformer = Featurizer.Of(Ml).Fit(data);
        var expected = Snapshot.Scores(transformer.Transform(data), Featurizer.Output);
        var schema = SchemaDefinition.Create(typeof(Row));
        schema["Features"].ColumnType = data.Schema["Features"].Type;
        var options = new PredictionEngineOptions { InputSchemaDefinition = schema };
        var rows = data.GetColumn<float[]>("Features").Select(pixels => new Row { Features = pixels }).ToArray();

        using var one = Ml.Model.CreatePredictionEngine<Row, Embedded>(transformer, options);
        using (var other = Ml.Model.CreatePredictionEngine<Row, Embedded>(transformer, options))
        {
            Snapshot.AssertNear([expected[0]], [other.Predict(rows[0]).Embedding]);
        }

        Snapshot.AssertNear(expected, [.. rows.Select(row => one.Predict(row).Embedding)]);
    }

    [TestMethod]
    [DataRow("SdcaMaximumEntropy")]
    [DataRow("LbfgsMaximumEntropy")]
    public void ML_NETs_own_classifiers_train_on_features(string name)
    {
        var trainers = Ml.MulticlassClassification.Trainers;
        IEstimator<ITransformer> trainer = name == "SdcaMaximumEntropy"
            ? trainers.SdcaMaximumEntropy(featureColumnName: Featurizer.Output, maximumNumberOfIterations: 30)
            : trainers.LbfgsMaximumEntropy(featureColumnName: Featurizer.Output);
        var model = Featurizer.Of(Ml).Append(Ml.Transforms.NormalizeMinMax(Featurizer.Output)).Append(trainer)
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(Images.Labelled(60, ImageKind.Floats, LabelKind.Text));
        var test = new MemoryDataView(30, Images.Features(ImageKind.Floats), Images.Key(LabelKind.Text));

        var metrics = Ml.MulticlassClassification.Evaluate(model.Transform(test));

        Assert.IsGreaterThan(0.9, metrics.MicroAccuracy);
    }

    [TestMethod]
    public void Features_are_clustered_by_KMeans()
    {
        var data = Images.Labelled(60, ImageKind.Floats, LabelKind.Text);
        var model = Featurizer.Of(Ml)
            .Append(Ml.Clustering.Trainers.KMeans(Featurizer.Output, numberOfClusters: 3)).Fit(data);

        var metrics = Ml.Clustering.Evaluate(model.Transform(data), "Label", featureColumnName: Featurizer.Output);

        Assert.IsGreaterThan(0.5, metrics.NormalizedMutualInformation);
    }

    [TestMethod]
    public void Cross_validation_fits_a_pipeline_with_it_many_times()
    {
        var data = Images.Labelled(60, ImageKind.Floats, LabelKind.Text);
        var pipeline = Featurizer.Of(Ml).Append(Ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(
            featureColumnName: Featurizer.Output));

        var folds = Ml.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 3);

        Assert.HasCount(3, folds);
        Assert.IsGreaterThan(0.8, folds.Average(fold => fold.Metrics.MicroAccuracy));
    }

    private sealed class Row
    {
        public float[] Features { get; set; } = [];
    }

    private sealed class Embedded
    {
        public float[] Embedding { get; set; } = [];
    }
}
