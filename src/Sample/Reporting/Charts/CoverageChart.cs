using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>Accuracy over the share of images that are decided.</summary>
internal static class CoverageChart
{
    public static PlotModel Create(IReadOnlyList<Coverage> curve)
    {
        var plot = ChartStyle.Create();
        var least = curve.Min(point => point.Accuracy) ?? 0;
        var accuracy = ChartStyle.Share(AxisPosition.Left, "accuracy");

        // The upper part, where the curve is.
        (accuracy.Minimum, accuracy.Maximum) = (Math.Max(0, Math.Floor((least - 0.01) * 10) / 10), 1.005);
        (accuracy.MajorStep, accuracy.StringFormat) = (double.NaN, "0.00");
        plot.Axes.Add(ChartStyle.Share(AxisPosition.Bottom, "share of images decided"));
        plot.Axes.Add(accuracy);
        var line = new LineSeries { Color = ChartStyle.First };
        line.Points.AddRange(curve.Select(point => new DataPoint(point.Share, point.Accuracy!.Value)));
        plot.Series.Add(line);
        return plot;
    }
}
