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
        plot.DefaultFont = Font(plot.DefaultFont);

        // To memory first: an exception of the stream inside the encoder's native code would end the process.
        using var png = new MemoryStream();
        new PngExporter { Width = width, Height = height, Dpi = 120, UseTextShaping = HasText }.Export(plot, png);
        png.WriteTo(stream);
    }

    // A Windows that lacks its usual fonts has none for a name that it does not know, which OxyPlot does not expect.
    private static string Font(string usual)
    {
        using var typeface = SKTypeface.FromFamilyName(usual);
        return typeface is null ? SKFontManager.Default.FontFamilies.FirstOrDefault(HasLetters, usual) : usual;
    }

    private static bool HasLetters(string family)
    {
        using var typeface = SKTypeface.FromFamilyName(family);
        return typeface?.ContainsGlyph('a') == true;
    }
}
