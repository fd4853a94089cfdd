using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>Training loss, training and test accuracy over epochs, as the chapter plots them, and the test loss.</summary>
internal static class CurvesChart
{
    public static PlotModel Create(IReadOnlyList<EpochMetrics> history)
    {
        var plot = ChartStyle.Create();
        plot.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            Title = "epoch",
            MinimumMajorStep = 1,
            MinorTickSize = 0,
            MinimumPadding = 0.02,
            MaximumPadding = 0.02,
            TicklineColor = ChartStyle.Quiet,
        });
        plot.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Left,
            Minimum = 0,
            MinorTickSize = 0,
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = OxyColor.FromAColor(60, ChartStyle.Quiet),
            TicklineColor = ChartStyle.Quiet,
        });
        plot.AddLegend();
        plot.Series.Add(Line("train loss", history, epoch => epoch.TrainLoss, LineStyle.Solid, ChartStyle.First));
        if (history.Any(epoch => epoch.ValidationLoss is not null))
        {
            plot.Series.Add(Line("test loss", history, epoch => epoch.ValidationLoss, LineStyle.Dot, ChartStyle.Fourth));
        }

        plot.Series.Add(Line("train acc", history, epoch => epoch.TrainAccuracy, LineStyle.Dash, ChartStyle.Second));
        plot.Series.Add(Line("test acc", history, epoch => epoch.ValidationAccuracy, LineStyle.DashDot, ChartStyle.Third));
        return plot;
    }

    private static LineSeries Line(
        string title, IReadOnlyList<EpochMetrics> history, Func<EpochMetrics, double?> value, LineStyle style, OxyColor color)
    {
        var line = new LineSeries { Title = title, LineStyle = style, Color = color, MarkerType = MarkerType.Circle, MarkerSize = 3 };
        line.Points.AddRange(history
            .Where(epoch => value(epoch) is { } number && double.IsFinite(number))
            .Select(epoch => new DataPoint(epoch.Epoch, value(epoch)!.Value)));
        return line;
    }
}
