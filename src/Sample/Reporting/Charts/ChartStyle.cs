using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>What all charts have in common. The colours are told from white paper as from a dark screen.</summary>
internal static class ChartStyle
{
    public static readonly OxyColor First = OxyColor.FromRgb(0x2f, 0x7d, 0xd1);
    public static readonly OxyColor Second = OxyColor.FromRgb(0xd2, 0x6a, 0x12);
    public static readonly OxyColor Third = OxyColor.FromRgb(0x2b, 0x93, 0x48);
    public static readonly OxyColor Fourth = OxyColor.FromRgb(0x8e, 0x5b, 0xc2);
    public static readonly OxyColor Quiet = OxyColor.FromRgb(0x80, 0x80, 0x80);

    public const string Font = "sans-serif";

    public static PlotModel Create() => new()
    {
        // In the text's size on a narrow telephone.
        DefaultFontSize = 13,
        DefaultFont = Font,
        PlotAreaBorderColor = Quiet,
        Padding = new OxyThickness(2, 6, 10, 2),
    };

    /// <summary>An axis of shares.</summary>
    public static LinearAxis Share(AxisPosition position, string title) => new()
    {
        Position = position,
        Title = title,
        Minimum = 0,
        Maximum = 1,
        MajorStep = 0.2,
        MinorTickSize = 0,
        AxisTitleDistance = 8,
        StringFormat = "0.0",
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = OxyColor.FromAColor(60, Quiet),
        TicklineColor = Quiet,
    };

    public static void AddLegend(this PlotModel plot) => plot.Legends.Add(new Legend
    {
        LegendPosition = LegendPosition.TopCenter,
        LegendPlacement = LegendPlacement.Outside,
        LegendOrientation = LegendOrientation.Horizontal,
        LegendMargin = 0,
        LegendPadding = 2,
        LegendItemSpacing = 36,
    });
}
