using OxyPlot;
using OxyPlot.SkiaSharp;
using ResNetMLNet.Sample.Rendering;
using SkiaSharp;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>A chart as a file of its own, on white.</summary>
internal static class PngChart
{
    /// <summary>Whether this machine has fonts. Without, as in a bare container, charts have no text.</summary>
    public static bool HasText => SKTypeface.Default.GlyphCount > 0;

    /// <summary>Whether one of its fonts has all characters of these names.</summary>
    public static bool CanDraw(IReadOnlyList<string> names) => FontOf(ChartStyle.Create().DefaultFont, names) is not null;

    /// <param name="stream">Where the PNG goes.</param>
    /// <param name="plot">The chart.</param>
    /// <param name="names">The text in it that users chose, in whatever script.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    public static void Write(Stream stream, PlotModel plot, IReadOnlyList<string> names, int width = 800, int height = 500)
    {
        plot.Background = OxyColors.White;
        plot.DefaultFont = FontOf(plot.DefaultFont, names) ?? FontOf(plot.DefaultFont, []) ?? plot.DefaultFont;

        // To memory first: an exception of the stream inside the encoder's native code would end the process.
        using var png = new MemoryStream();
        new PngExporter { Width = width, Height = height, Dpi = 120, UseTextShaping = HasText }.Export(plot, png);
        png.WriteTo(stream);
    }

    // OxyPlot draws a chart in one font, and takes no other where that lacks a character. A Windows that lacks its usual fonts has none for
    // a name that it does not know, which OxyPlot does not expect.
    private static string? FontOf(string usual, IReadOnlyList<string> names) =>
        SKFontManager.Default.FontFamilies.Prepend(usual).FirstOrDefault(family => Has(family, [.. names, "a"]));

    private static bool Has(string family, string[] texts)
    {
        using var typeface = SKTypeface.FromFamilyName(family);
        return typeface is not null && texts.All(text => typeface.ContainsGlyphs(DrawnText.Short(text)));
    }
}
