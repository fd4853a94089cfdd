using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.BadInput;

/// <summary>Errors that people meet on the way into the library say what is wrong, not what it looks like.</summary>
[TestClass]
public class AdviceTests
{
    private const string Shape = "[VectorType(channels, height, width)]";

    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    public void A_fold_of_CrossValidate_that_has_one_class_is_told_about_folds()
    {
        // All but one row are of one class: a fold is trained without it.
        var data = new MemoryDataView(
            12, Images.Features(), Images.Number(), Images.Text("Class", row => row == 3 ? "bee" : "ant"));
        var pipeline = Ml.Transforms.Conversion.MapValueToKey("Label", "Class").Append(Images.Trainer(Ml));
        var keyed = Ml.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(data).Transform(data);

        foreach (var error in (Exception[])
        [
            Assert.Throws<Exception>(() => Ml.MulticlassClassification.CrossValidate(keyed, Images.Trainer(Ml), numberOfFolds: 3)),
            Assert.Throws<Exception>(() => Ml.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 3)),
        ])
        {
            Says(error, "CrossValidate", "fewer folds");
            Assert.Contains("'Label'", Innermost(error).Message);
        }
    }

    [TestMethod]
    public void A_pipeline_fitted_on_no_rows_is_told_that_there_are_none()
    {
        var none = Ml.Data.LoadFromEnumerable(Array.Empty<Pixels>());
        var pipeline = Ml.Transforms.Conversion.MapValueToKey("Label").Append(Images.Trainer(Ml));
        Says(Assert.Throws<Exception>(() => pipeline.Fit(none)), "no rows");

        var filtered = Ml.Data.FilterRowsByColumn(Ml.Data.LoadFromEnumerable([new Pixels()]), "Number", lowerBound: 5);
        Says(Assert.Throws<Exception>(() => pipeline.Fit(filtered)), "no rows");
    }

    [TestMethod]
    public void Pixels_without_their_shape_are_told_to_get_it()
    {
        using var model = Images.Trainer(Ml).Fit(Images.Labelled());
        var shapeless = Ml.Data.LoadFromEnumerable([new Shapeless { Features = new byte[400] }]);

        Says(Assert.Throws<Exception>(() => Snapshot.Scores(model.Transform(shapeless))), "[VectorType(1, 20, 20)]");
        shapeless = Ml.Data.LoadFromEnumerable([new Shapeless { Features = new byte[30] }]);
        Says(Assert.Throws<Exception>(() => Snapshot.Scores(model.Transform(shapeless))), Shape);
        Says(Assert.Throws<Exception>(() => Snapshot.Scores(model.Transform(Ml.Data.LoadFromEnumerable([new ShapelessFloats()])))), Shape);
    }

    [TestMethod]
    public void Pixels_without_their_shape_are_told_to_get_it_before_training()
    {
        var bytes = Ml.Data.LoadFromEnumerable([new Shapeless(), new Shapeless()]);
        var floats = Ml.Data.LoadFromEnumerable([new ShapelessFloats()]);

        Says(Assert.Throws<Exception>(() => Images.Trainer(Ml).Fit(Keyed(bytes))), Shape);
        Says(Assert.Throws<Exception>(() => Images.Trainer(Ml).Fit(Keyed(floats))), Shape);
        Says(
            Assert.Throws<Exception>(() => Images.Trainer(Ml).GetOutputSchema(Internals.ShapeOf(Keyed(floats).Schema))), Shape);
    }

    [TestMethod]
    public void A_damaged_image_is_not_told_about_pixels()
    {
        var damaged = new MemoryDataView(
            4,
            Images.Vector("Features", row => PixelPattern.Bmp(row, 3, 20, 20) is var bytes && row == 2 ? bytes[..40] : bytes),
            Images.Key(LabelKind.Text));
        var error = Assert.Throws<Exception>(() => Images.Trainer(Ml, ImageKind.Encoded).Fit(damaged));

        Assert.DoesNotContain("VectorType", Innermost(error).Message);
    }

    [TestMethod]
    public void Images_that_ShuffleRows_or_Cache_dropped_are_told_to_come_as_bytes()
    {
        using var folder = new ImageFolderFixture();
        folder.AddClasses("ant", "bee");
        var data = Ml.Data.LoadFromImageFolder(folder.Path);
        var trainer = Images.Trainer(Ml, ImageKind.Image, options => options.FeatureColumnName = "Image");

        foreach (var dropped in (IDataView[])[Ml.Data.ShuffleRows(data), Ml.Data.Cache(data)])
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.Fit(dropped));
            Says(error, "'Image'", "ShuffleRows", "Cache", "the column \"ImageBytes\"");
            var shape = Internals.ShapeOf(dropped.Schema);
            Says(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.GetOutputSchema(shape)), "ImageBytes");
        }

        using var model = Images.Trainer(Ml, ImageKind.Encoded, options => options.FeatureColumnName = "ImageBytes")
            .Fit(Ml.Data.ShuffleRows(data));
        var lacking = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Transform(new MemoryDataView(1, Images.Number())));
        Says(lacking, "'ImageBytes'");
    }

    [TestMethod]
    public void Where_the_name_of_the_column_is_wrong_those_that_there_are_are_named()
    {
        using var folder = new ImageFolderFixture();
        folder.AddClasses("ant", "bee");
        var data = Ml.Data.LoadFromImageFolder(folder.Path);
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.MulticlassClassification.Trainers.ResNet().Fit(data));

        Says(error, "'Features'", "'Image'", "'ImageBytes'", "'Label'");
        Assert.DoesNotContain("ShuffleRows", error.Message);

        using var model = Images.Trainer(Ml).Fit(Images.Labelled());
        var lacking = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Transform(new MemoryDataView(1, Images.Number())));
        Says(lacking, "'Features'", "'Number'");
        Assert.DoesNotContain("ShuffleRows", lacking.Message);
    }

    [TestMethod]
    [DataRow(3 * 20 * 20, "1x30x40")]
    [DataRow(36 * 36, "3x18x24")]
    [DataRow(400, null)]
    public void Flat_pixels_that_may_be_of_another_shape_are_asked_for_it(int length, string? other)
    {
        var log = new List<string>();
        var ml = Images.Context(log);
        var data = new MemoryDataView(6, Images.Vector("Features", row => new byte[length], length), Images.Key(LabelKind.Text));
        Images.Trainer(ml).Fit(data).Dispose();

        var said = log.Where(line => line.Contains("without dimensions", StringComparison.Ordinal)).ToArray();
        Assert.HasCount(other is null ? 0 : 1, said);
        Assert.IsTrue(said.All(line => line.Contains(other!, StringComparison.Ordinal) && line.Contains(Shape, StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_validation_set_that_has_not_been_through_the_steps_is_told_so()
    {
        var raw = new MemoryDataView(6, Images.Features(), Images.RawClass(LabelKind.Text, "Label"));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Ml).Fit(Images.Labelled(), raw));

        Says(error, "validation set", "'Label'", "put through the steps before the trainer");
    }

    [TestMethod]
    public void Rows_without_a_label_are_left_out_and_counted_in_both_sets()
    {
        var log = new List<string>();
        var ml = Images.Context(log);
        static MemoryDataView Some(int rows, int missing, params MemoryColumn[] more) => new(
            rows, [Images.Features(), Images.Key(LabelKind.ByteKeyWithText, missing: row => row < missing), .. more]);

        using var model = Images.Trainer(ml).Fit(Some(24, 5), Some(12, 3));

        Assert.AreEqual(19, model.Model.Training.Images);
        Assert.ContainsSingle(line => line.Contains("5 of the 24 rows of the data", StringComparison.Ordinal), log);
        Assert.ContainsSingle(line => line.Contains("3 of the 12 rows of the validation set", StringComparison.Ordinal), log);
    }

    [TestMethod]
    public void Rows_without_a_label_may_have_any_weight_and_size()
    {
        var weight = new MemoryColumn<float>("Weight", NumberDataViewType.Single, row => row == 0 ? float.NaN : 1);
        var features = Images.Vector("Features", row => PixelPattern.Bmp(row, 1, row == 0 ? 30 : 20, row == 0 ? 30 : 20));
        var data = new MemoryDataView(13, features, weight, Images.Key(LabelKind.ByteKeyWithText, missing: row => row == 0));
        using var model = Images.Trainer(Ml, ImageKind.GreyEncoded, options => options.ExampleWeightColumnName = "Weight").Fit(data);

        Assert.AreEqual(12, model.Model.Training.Images);
        Assert.AreEqual(20, model.Model.ImageWidth);
    }

    [TestMethod]
    public void The_network_in_a_chain_is_found_and_its_absence_is_said()
    {
        var ml = Images.Context();
        using var model = Images.Trainer(ml).Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(Images.Labelled());
        using var nested = new TransformerChain<ITransformer>(model);
        var none = ml.Transforms.CopyColumns("Copy", "Label").Fit(Images.Labelled());

        Assert.AreSame(model.OfType<ResNetTransformer>().Single(), ResNetTransformer.Find(nested));
        Says(Assert.ThrowsExactly<InvalidOperationException>(() => ResNetTransformer.Find(none)), "The model must be a ResNetTransformer");
        Assert.ThrowsExactly<ArgumentNullException>(() => ResNetTransformer.Find(null!));
    }

    [TestMethod]
    [DataRow(1, true)]
    [DataRow(2, false)]
    public void A_class_without_an_image_to_train_on_is_named(int missing, bool isSaid)
    {
        var log = new List<string>();
        var data = Images.Labelled(24, label: LabelKind.Text);
        var trained = missing == 2 ? data : Ml.Data.FilterRowsByKeyColumnFraction(data, "Label", 0, 0.6);
        using var model = Images.Trainer(Images.Context(log)).Fit(trained);

        Assert.AreEqual(isSaid, log.Any(line => line.Contains(
            "There is nothing to train on of 1 of the 3 classes in column 'Label'", StringComparison.Ordinal)), string.Join("\n", log));
    }

    [TestMethod]
    [DataRow(514, null, true)]
    [DataRow(514, 20, false)]
    [DataRow(24, null, false)]
    public void Photographs_that_nobody_reduces_are_said(int side, int? imageSize, bool isSaid)
    {
        var log = new List<string>();
        var data = Images.Labelled(2, ImageKind.GreyEncoded, size: side);
        using var model = Images.Trainer(Images.Context(log), ImageKind.GreyEncoded, options =>
            (options.ImageSize, options.BatchSize) = (imageSize, 2)).Fit(data);

        Assert.AreEqual(isSaid ? 1 : 0, log.Count(line => line.Contains("Set ImageSize (128 or 224, say)", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_chain_of_two_networks_is_asked_which()
    {
        var two = Images.Trainer(Ml).Append(Images.Trainer(Ml, change: options =>
            (options.ScoreColumnName, options.PredictedLabelColumnName) = ("Score2", "PredictedLabel2"))).Fit(Images.Labelled());
        var trainer = Images.Trainer(Ml, change: options => options.StartFrom = two);

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Images.Labelled()));
        Says(error, "2 networks", "OfType<ResNetTransformer>");
    }

    private static IDataView Keyed(IDataView data) => Ml.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(data).Transform(data);

    private static void Says(Exception error, params string[] words)
    {
        foreach (var word in words)
        {
            Assert.Contains(word, Innermost(error).Message);
        }
    }

    // What CrossValidate throws comes from another thread, wrapped.
    private static Exception Innermost(Exception error) => error switch
    {
        AggregateException { InnerException: { } inner } => Innermost(inner),
        _ => error,
    };

    private sealed class Pixels
    {
        [VectorType(1, 20, 20)]
        public byte[] Features { get; set; } = new byte[400];

        public string Label { get; set; } = "";

        public float Number { get; set; }
    }

    private sealed class Shapeless
    {
        public byte[] Features { get; set; } = new byte[400];

        public string Class { get; set; } = Guid.NewGuid().ToString();
    }

    private sealed class ShapelessFloats
    {
        public float[] Features { get; set; } = new float[400];

        public string Class { get; set; } = "";
    }
}
