using ResNetMLNet.Sample.Scoring;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>The figures of a report, computed by hand on few images.</summary>
[TestClass]
public class ReportFiguresTests
{
    private static readonly string[] _classes = ["a", "b", "never there", "never predicted", "neither"];

    [TestMethod]
    public void Precision_recall_and_F1_of_a_class_are_those_of_its_counts()
    {
        var figures = ClassFigures.Of(SampleReport.Scored(["a", "b"], (0, 0, 1), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0, 1)).Evaluation);

        Assert.AreEqual(new("a", 3, 2 / 3.0, 2 / 3.0, 4 / 6.0), figures[0]);
        Assert.AreEqual(new("b", 2, 0.5, 0.5, 0.5), figures[1]);
        Assert.AreEqual((4 / 6.0 + 0.5) / 2, ClassFigures.MeanF1(figures));
    }

    [TestMethod]
    public void A_class_without_images_or_without_predictions_has_no_figure_there_and_none_that_is_no_number()
    {
        var figures = ClassFigures.Of(SampleReport.Scored(_classes, (0, 0, 1), (1, 2, 1), (3, 1, 1)).Evaluation);

        Assert.AreEqual(new("b", 1, 0, 0, 0), figures[1]);
        Assert.AreEqual(new("never there", 0, 0, null, 0), figures[2]);
        Assert.AreEqual(new("never predicted", 1, null, 0, 0), figures[3]);
        Assert.AreEqual(new("neither", 0, null, null, null), figures[4]);
        Assert.AreEqual(0.25, ClassFigures.MeanF1(figures));
    }

    [TestMethod]
    public void Confusions_are_counted_and_the_most_frequent_is_first()
    {
        var most = Confusion.Most(SampleReport.Scored(_classes, (0, 1, 1), (1, 0, 1), (1, 0, 1), (1, 1, 1), (3, 3, 1)).Evaluation, 9);

        CollectionAssert.AreEqual((Confusion[])[new("b", "a", 2, 2 / 3.0), new("a", "b", 1, 1)], most.ToArray());
    }

    [TestMethod]
    public void The_calibration_error_weights_the_gap_of_each_bin_by_its_images()
    {
        // Bin 15, (14/15, 1]: two images, mean probability 0.975, one right. Bin 9, (8/15, 9/15]: one image, right.
        var calibration = Calibration.Of(SampleReport.Scored(["a", "b"], (0, 0, 0.95f), (0, 1, 1), (1, 1, 0.6f)).Rows);

        Assert.HasCount(15, calibration.Bins);
        Assert.AreEqual(2, calibration.Bins[14].Images);
        Assert.AreEqual(0.5, calibration.Bins[14].Accuracy);
        Assert.AreEqual(0.975, calibration.Bins[14].Probability!.Value, 1e-7);
        Assert.AreEqual(3, calibration.Bins.Sum(bin => bin.Images));
        Assert.AreEqual(((2 * 0.475) + 0.4) / 3, calibration.Error, 1e-7);
        Assert.IsNull(calibration.Bins[0].Accuracy);
    }

    [TestMethod]
    [DataRow(0f, 0)]
    [DataRow(1f, 14)]
    [DataRow(0.0666f, 0)]
    [DataRow(0.0667f, 1)]
    [DataRow(0.5f, 7)]
    public void Each_probability_has_its_bin(float probability, int bin)
    {
        var calibration = Calibration.Of(SampleReport.Scored(["a"], (0, 0, probability)).Rows);

        Assert.AreEqual(1, calibration.Bins[bin].Images);
    }

    [TestMethod]
    public void Figures_of_no_images_are_none()
    {
        Assert.AreEqual(0, Calibration.Of([]).Error);
        Assert.IsEmpty(Coverage.Curve([]));
        Assert.AreEqual(new(0, 0, null), Coverage.Table([])[0]);
    }

    [TestMethod]
    public void Accuracy_against_coverage_takes_the_surest_images_first_and_equal_ones_together()
    {
        var images = SampleReport.Scored(["a", "b"], (0, 1, 0.55f), (0, 0, 0.9f), (1, 1, 0.7f), (1, 0, 0.7f)).Rows;

        CollectionAssert.AreEqual(
            (Coverage[])[new(0.9f, 0.25, 1), new(0.7f, 0.75, 2 / 3.0), new(0.55f, 1, 0.5)], Coverage.Curve(images).ToArray());
        var table = Coverage.Table(images);
        Assert.AreEqual(new(0, 1, 0.5), table[0]);
        Assert.AreEqual(new(0.6, 0.75, 2 / 3.0), table[2]);
        Assert.AreEqual(new(0.99, 0, null), table[7]);
    }

    [TestMethod]
    public void A_curve_of_many_images_has_few_points_and_ends_with_all_of_them()
    {
        var curve = Coverage.Curve(SampleReport.Scored(
            ["a", "b"], [.. Enumerable.Range(0, 10_007).Select(index => (0, index % 2, 0.5f + (index / 30_000f)))]).Rows);

        Assert.IsInRange(90, 102, curve.Count);
        Assert.AreEqual(1, curve[^1].Share);
        Assert.AreEqual(5004 / 10007.0, curve[^1].Accuracy);
    }

    [TestMethod]
    public void Rows_without_label_or_with_scores_that_are_no_numbers_are_left_out()
    {
        var rows = ((ScoredImages.Row[])
        [
            new() { Label = 0, Score = [1, 0] },
            new() { Label = 1, Score = [float.NaN, 0] },
            new() { Label = 2, Score = [0.5f, 0.5f] },
        ]).Select(ScoredImage.Of).ToArray();

        CollectionAssert.AreEqual((bool[])[false, false, true], rows.Select(row => row.IsEvaluated).ToArray());
        Assert.AreEqual(new(2, 1, 0, 0.5f), rows[2]);
    }
}
