using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

/// <summary>ML.NET's permutation feature importance: which of the pixels matter.</summary>
[TestClass]
public class FeatureImportanceTests
{
    private const int Side = 4;

    // The pixel that tells the class; the others are noise.
    private const int Telling = 5;

    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    public void A_loaded_model_tells_the_importance_of_each_pixel()
    {
        var data = Data();
        using var zip = new MemoryStream();
        Ml.Model.Save(Trainer().Fit(data), data.Schema, zip);

        AssertPixels(Ml.MulticlassClassification.PermutationFeatureImportance(Ml.Model.Load(zip, out _), data));
    }

    [TestMethod]
    public void A_pipeline_tells_the_importance_of_each_pixel()
    {
        var data = Data();
        var model = Trainer().Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);

        AssertPixels(Ml.MulticlassClassification.PermutationFeatureImportance((ITransformer)model, data));
    }

    [TestMethod]
    public void A_fitted_model_tells_the_same_by_its_type()
    {
        var data = Data();
        var importance = Ml.MulticlassClassification.PermutationFeatureImportance(Trainer().Fit(data), data);

        Assert.HasCount(Side * Side, importance);
        Assert.IsLessThan(-0.2, importance[Telling].MicroAccuracy.Mean);
    }

    [TestMethod]
    [DataRow(ImageKind.Image)]
    [DataRow(ImageKind.Encoded)]
    public void A_column_that_it_cannot_permute_is_refused_and_named(ImageKind kind)
    {
        var ml = Images.Context();
        var warnings = new List<string>();
        ml.Log += (_, message) => warnings.Add(message.Message);
        var data = Images.Labelled(12, kind);
        var model = Images.Trainer(ml, kind, options => options.ImageSize = 20).Fit(data);
        using var zip = new MemoryStream();
        ml.Model.Save(model, null, zip);
        var loaded = (ResNetTransformer)ml.Model.Load(zip, out _);

        foreach (var each in (ResNetTransformer[])[model, loaded])
        {
            var error = Assert.ThrowsExactly<InvalidOperationException>(
                () => ml.MulticlassClassification.PermutationFeatureImportance((ITransformer)each, data));
            AssertNamed(error.Message);

            // By its type ML.NET asks in a way that others ask too: here a warning has to do.
            warnings.Clear();
            Assert.IsEmpty(ml.MulticlassClassification.PermutationFeatureImportance(each, data));
            AssertNamed(string.Join('\n', warnings));
        }
    }

    private static void AssertNamed(string message)
    {
        Assert.Contains("'Features'", message);
        Assert.Contains("ExtractPixels", message);
    }

    private static void AssertPixels(IReadOnlyDictionary<string, MulticlassClassificationMetricsStatistics> importance)
    {
        Assert.HasCount(Side * Side, importance);

        // Every second image is of either class: where the pixel is another image's, half of them are taken for the other one.
        Assert.AreEqual($"pixel{Telling}", importance.MinBy(pixel => pixel.Value.MicroAccuracy.Mean).Key);
        Assert.IsLessThan(-0.2, importance[$"pixel{Telling}"].MicroAccuracy.Mean);
    }

    private static ResNetTrainer Trainer() => Images.Trainer(Ml, ImageKind.FlatGreyFloats, options =>
        (options.ImageSize, options.NumberOfEpochs, options.LearningRate) = (20, 12, 0.05));

    // The slots of the vector have names, as ML.NET wants them.
    private static IDataView Data()
    {
        string[] names = [.. Enumerable.Range(0, Side * Side).Select(pixel => $"pixel{pixel}")];
        var pixels = names.Select((name, pixel) => (MemoryColumn)new MemoryColumn<float>(
            name, NumberDataViewType.Single, row => pixel == Telling ? row % 2 : ((row * 7) + pixel) % 11 / 50f));
        var data = new MemoryDataView(48, [.. pixels, Images.Text("Class", row => row % 2 == 0 ? "dark" : "bright")]);
        return Ml.Transforms.Concatenate("Features", names).Append(Ml.Transforms.Conversion.MapValueToKey("Label", "Class"))
            .Fit(data).Transform(data);
    }
}
