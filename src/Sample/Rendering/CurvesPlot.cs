using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;
using OxyPlot.SkiaSharp;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>Training loss, training and test accuracy over epochs, as the chapter plots them.</summary>
internal static class CurvesPlot
{
    public static void Write(Stream stream, IReadOnlyList<EpochMetrics> history)
    {
        var plot = new PlotModel { Background = OxyColors.White };
        plot.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            Title = "epoch",
            MinimumMajorStep = 1,
            MinimumPadding = 0.02,
            MaximumPadding = 0.02,
        });
        plot.Axes.Add(new LinearAxis { Position = AxisPosition.Left, Minimum = 0, MajorGridlineStyle = LineStyle.Dot });
        plot.Legends.Add(new Legend { LegendPosition = LegendPosition.RightMiddle, LegendPlacement = LegendPlacement.Outside });
        plot.Series.Add(Line("train loss", history, epoch => epoch.TrainLoss, LineStyle.Solid));
        plot.Series.Add(Line("train accuracy", history, epoch => epoch.TrainAccuracy, LineStyle.Dash));
        plot.Series.Add(Line("test accuracy", history, epoch => epoch.ValidationAccuracy, LineStyle.DashDot));

        // To memory first: an exception of the stream inside the encoder's native code would end the process.
        using var png = new MemoryStream();
        new PngExporter { Width = 800, Height = 500, Dpi = 120 }.Export(plot, png);
        png.WriteTo(stream);
    }

    private static LineSeries Line(
        string title, IReadOnlyList<EpochMetrics> history, Func<EpochMetrics, double?> value, LineStyle style)
    {
        var line = new LineSeries { Title = title, LineStyle = style, MarkerType = MarkerType.Circle, MarkerSize = 3 };
        line.Points.AddRange(history
            .Where(epoch => value(epoch) is not null)
            .Select(epoch => new DataPoint(epoch.Epoch, value(epoch)!.Value)));
        return line;
    }
}
