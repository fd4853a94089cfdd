using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Data;

/// <summary>What predicted labels are once they are values again.</summary>
[TestClass]
public class PredictedLabelTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    [DataRow(LabelKind.Text)]
    [DataRow(LabelKind.Integer)]
    [DataRow(LabelKind.Float)]
    public void Predicted_labels_map_back_to_the_value_of_the_class_that_is_seen(LabelKind kind)
    {
        var data = new MemoryDataView(60, Images.Features(), Images.RawClass(kind));
        var pipeline = Ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(Images.Trainer(Ml, change: options => (options.NumberOfEpochs, options.LearningRate) = (8, 0.05)))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var model = pipeline.Fit(data);
        var scored = model.Transform(data);

        // The first rows are of one class each, in the order of the scores.
        var (truth, predicted) = (Values(scored, "Class"), Values(scored, "PredictedLabel"));
        var likeliest = Snapshot.Scores(scored).Select(row => truth[Array.IndexOf(row, row.Max())]).ToArray();
        Assert.HasCount(PixelPattern.Classes, truth[..PixelPattern.Classes].Distinct());
        CollectionAssert.AreEqual(likeliest, predicted);
        Assert.IsGreaterThan(54, truth.Zip(predicted).Count(pair => pair.First == pair.Second));
    }

    private static string[] Values(IDataView data, string column) =>
        [.. Snapshot.Of(data, column).Select(line => line[line.IndexOf('=')..])];
}
