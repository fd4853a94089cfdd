using OxyPlot;
using OxyPlot.SkiaSharp;
using SkiaSharp;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>A chart as a file of its own, on white.</summary>
internal static class PngChart
{
    /// <summary>Whether this machine has fonts. Without, as in a bare container, charts have no text.</summary>
    public static bool HasText => SKTypeface.Default.GlyphCount > 0;

    public static void Write(Stream stream, PlotModel plot, int width = 800, int height = 500)
    {
        plot.Background = OxyColors.White;

        // To memory first: an exception of the stream inside the encoder's native code would end the process.
        using var png = new MemoryStream();
        new PngExporter { Width = width, Height = height, Dpi = 120, UseTextShaping = HasText }.Export(plot, png);
        png.WriteTo(stream);
    }
}
