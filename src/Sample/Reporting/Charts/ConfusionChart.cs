using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;
using ResNetMLNet.Sample.Rendering;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>The confusion matrix as an image: a row for each true class, its shares by predicted class.</summary>
internal static class ConfusionChart
{
    /// <summary>The names that it shows: those of all classes, or of none where there are too many.</summary>
    public static IReadOnlyList<string> NamesIn(Evaluation evaluation) =>
        evaluation.Classes.Count <= Confusion.MostClasses ? evaluation.Classes : [];

    public static PlotModel Create(Evaluation evaluation)
    {
        var classes = evaluation.Classes.Count;
        var isNamed = NamesIn(evaluation).Count > 0;
        var plot = ChartStyle.Create();
        plot.Title = "Confusion matrix: shares of the true class";
        plot.TitleFontSize = 14;
        plot.Axes.Add(Classes(evaluation, isNamed, AxisPosition.Bottom, "predicted"));
        plot.Axes.Add(Classes(evaluation, isNamed, AxisPosition.Left, "true"));
        plot.Axes.Add(new LinearColorAxis
        {
            Position = AxisPosition.None,
            Palette = OxyPalette.Interpolate(256, OxyColors.White, ChartStyle.First, OxyColor.FromRgb(0x08, 0x2a, 0x54)),
            Minimum = 0,
            Maximum = 1,
        });
        plot.Series.Add(new HeatMapSeries
        {
            X0 = 0,
            X1 = classes - 1,
            Y0 = 0,
            Y1 = classes - 1,
            Data = Shares(evaluation),
            Interpolate = false,
            RenderMethod = isNamed ? HeatMapRenderMethod.Rectangles : HeatMapRenderMethod.Bitmap,
            LabelFontSize = isNamed ? 0.3 : 0,
            LabelFormatString = "0.00",
        });
        return plot;
    }

    private static CategoryAxis Classes(Evaluation evaluation, bool isNamed, AxisPosition position, string title)
    {
        var axis = new CategoryAxis
        {
            Position = position,
            Title = title,
            Angle = position == AxisPosition.Bottom ? -45 : 0,
            GapWidth = 0,

            // The first class is at the top.
            StartPosition = position == AxisPosition.Left ? 1 : 0,
            EndPosition = position == AxisPosition.Left ? 0 : 1,
            TickStyle = TickStyle.None,
        };
        axis.Labels.AddRange(evaluation.Classes.Select(name => isNamed ? DrawnText.Short(name) : ""));
        return axis;
    }

    private static double[,] Shares(Evaluation evaluation)
    {
        var classes = evaluation.Classes.Count;
        var shares = new double[classes, classes];
        for (var truth = 0; truth < classes; truth++)
        {
            var images = Math.Max(1, evaluation.Confusion[truth].Sum());
            for (var prediction = 0; prediction < classes; prediction++)
            {
                shares[prediction, truth] = (double)evaluation.Confusion[truth][prediction] / images;
            }
        }

        return shares;
    }
}
