using OxyPlot.Axes;
using OxyPlot.Series;
using ResNetMLNet.Sample.Reporting.Charts;
using ResNetMLNet.Sample.Scoring;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What charts draw, of figures that one computes by hand.</summary>
[TestClass]
public class ChartTests
{
    [TestMethod]
    public void A_confusion_is_in_the_row_of_the_true_class_and_the_column_of_the_predicted_one()
    {
        // Of four images of a, three are taken for b; of two of b, one for c; there is none of c.
        var plot = ConfusionChart.Create(SampleReport.Scored(
            ["a", "b", "c"], (0, 0, 1), (0, 1, 1), (0, 1, 1), (0, 1, 1), (1, 1, 1), (1, 2, 1)).Evaluation);
        var cells = (HeatMapSeries)plot.Series.Single();
        var columns = (CategoryAxis)plot.Axes.Single(axis => axis.Position == AxisPosition.Bottom);
        var rows = (CategoryAxis)plot.Axes.Single(axis => axis.Position == AxisPosition.Left);

        // The first index of the data is along the bottom, from the first class to the last; so is the second, from the top downwards.
        Assert.AreEqual((0.0, 2.0, 0.0, 2.0), (cells.X0, cells.X1, cells.Y0, cells.Y1));
        CollectionAssert.AreEqual(
            (double[])[0.25, 0.75, 0, 0, 0.5, 0.5, 0, 0, 0],
            Enumerable.Range(0, 9).Select(cell => cells.Data[cell % 3, cell / 3]).ToArray());
        Assert.AreEqual(("predicted", 0.0, 1.0), (columns.Title, columns.StartPosition, columns.EndPosition));
        Assert.AreEqual(("true", 1.0, 0.0), (rows.Title, rows.StartPosition, rows.EndPosition));
        CollectionAssert.AreEqual((string[])["a", "b", "c"], columns.Labels.ToArray());
        CollectionAssert.AreEqual((string[])["a", "b", "c"], rows.Labels.ToArray());
    }

    [TestMethod]
    public void A_bin_of_probability_is_as_high_as_its_images_are_accurate_and_one_without_images_has_no_bar()
    {
        // In (8/15, 9/15] one image, which is right; in (14/15, 1] two, of which one is.
        var plot = CalibrationChart.Create(Calibration.Of(SampleReport.Scored(["a", "b"], (0, 0, 0.95f), (0, 1, 1), (1, 1, 0.55f)).Rows));
        var bars = plot.Series.OfType<RectangleBarSeries>().Single();

        CollectionAssert.AreEqual(
            ((double, double, double, double)[])[(8 / 15.0, 0, 9 / 15.0, 1), (14 / 15.0, 0, 1, 0.5)],
            bars.Items.Select(bar => (bar.X0, bar.Y0, bar.X1, bar.Y1)).ToArray());
        CollectionAssert.AreEqual(((double, double)[])[(0, 0), (1, 1)], Points(plot.Series.OfType<LineSeries>().Single()));
        AssertAxes(plot.Axes, "probability", "accuracy");
    }

    [TestMethod]
    public void Accuracy_is_drawn_over_the_share_of_images_that_are_decided()
    {
        var plot = CoverageChart.Create([new(0.9, 0.25, 1), new(0.7, 0.75, 0.625), new(0.5, 1, 0.5)]);

        CollectionAssert.AreEqual(((double, double)[])[(0.25, 1), (0.75, 0.625), (1, 0.5)], Points(plot.Series.Single()));
        AssertAxes(plot.Axes, "share of images decided", "accuracy");

        // The axis begins a little below the least accuracy.
        Assert.AreEqual(0.4, plot.Axes.Single(axis => axis.Position == AxisPosition.Left).Minimum, 1e-9);
    }

    [TestMethod]
    public void Each_curve_has_its_own_metric_at_each_epoch_and_none_where_it_is_no_number()
    {
        var plot = CurvesChart.Create(
        [
            SampleReport.Epoch(1, 1.25) with { TrainAccuracy = 0.25, ValidationLoss = 1.5, ValidationAccuracy = 0.125 },
            SampleReport.Epoch(2, double.NaN) with { TrainAccuracy = 0.5, ValidationLoss = null, ValidationAccuracy = null },
            SampleReport.Epoch(3, 0.75) with { TrainAccuracy = 0.875, ValidationLoss = 1, ValidationAccuracy = 0.625 },
        ]);
        (double, double)[] Of(string title) => Points(plot.Series.Single(line => line.Title == title));

        CollectionAssert.AreEqual(((double, double)[])[(1, 1.25), (3, 0.75)], Of("train loss"));
        CollectionAssert.AreEqual(((double, double)[])[(1, 1.5), (3, 1)], Of("test loss"));
        CollectionAssert.AreEqual(((double, double)[])[(1, 0.25), (2, 0.5), (3, 0.875)], Of("train acc"));
        CollectionAssert.AreEqual(((double, double)[])[(1, 0.125), (3, 0.625)], Of("test acc"));
        Assert.AreEqual("epoch", plot.Axes.Single(axis => axis.Position == AxisPosition.Bottom).Title);
    }

    private static (double X, double Y)[] Points(Series line) =>
        [.. ((LineSeries)line).Points.Select(point => (point.X, point.Y))];

    private static void AssertAxes(IEnumerable<Axis> axes, string bottom, string left)
    {
        Assert.AreEqual(bottom, axes.Single(axis => axis.Position == AxisPosition.Bottom).Title);
        Assert.AreEqual(left, axes.Single(axis => axis.Position == AxisPosition.Left).Title);
    }
}
