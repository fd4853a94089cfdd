using OxyPlot;
using OxyPlot.SkiaSharp;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>A chart as a file of its own, on white.</summary>
internal static class PngChart
{
    public static void Write(Stream stream, PlotModel plot, int width = 800, int height = 500)
    {
        plot.Background = OxyColors.White;

        // To memory first: an exception of the stream inside the encoder's native code would end the process.
        using var png = new MemoryStream();
        new PngExporter { Width = width, Height = height, Dpi = 120 }.Export(plot, png);
        png.WriteTo(stream);
    }
}
