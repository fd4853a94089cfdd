using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>The reliability diagram: a bar for each bin of probability, as high as its images are accurate.</summary>
internal static class CalibrationChart
{
    public static PlotModel Create(Calibration calibration)
    {
        var plot = ChartStyle.Create();
        plot.Axes.Add(ChartStyle.Share(AxisPosition.Bottom, "probability"));
        plot.Axes.Add(ChartStyle.Share(AxisPosition.Left, "accuracy"));
        plot.AddLegend();
        var bars = new RectangleBarSeries
        {
            Title = "images",
            FillColor = OxyColor.FromAColor(190, ChartStyle.First),
            StrokeColor = ChartStyle.First,
        };
        foreach (var bin in calibration.Bins.Where(bin => bin.Images > 0))
        {
            bars.Items.Add(new(bin.From, 0, bin.To, bin.Accuracy!.Value));
        }

        var ideal = new LineSeries { Title = "as it should be", Color = ChartStyle.Second, LineStyle = LineStyle.Dash };
        ideal.Points.AddRange([new(0, 0), new(1, 1)]);
        plot.Series.Add(bars);
        plot.Series.Add(ideal);
        return plot;
    }
}
