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
