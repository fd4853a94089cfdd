using System.Globalization;
using System.Text;
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
    public static bool CanDraw(IReadOnlyList<string> names) => FontOf(names) is not null;

    /// <param name="stream">Where the PNG goes.</param>
    /// <param name="plot">The chart.</param>
    /// <param name="names">The text in it that users chose, in whatever script.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    public static void Write(Stream stream, PlotModel plot, IReadOnlyList<string> names, int width = 800, int height = 500)
    {
        plot.Background = OxyColors.White;
        plot.DefaultFont = FontOf(names) ?? FontOf([]) ?? ChartStyle.Font;

        // To memory first: an exception of the stream inside the encoder's native code would end the process.
        using var png = new MemoryStream();
        new PngExporter { Width = width, Height = height, Dpi = 120, UseTextShaping = HasText }.Export(plot, png);
        png.WriteTo(stream);
    }

    // OxyPlot draws a chart in one font, and takes no other where that lacks a character. A Windows that lacks its usual fonts has none for
    // a name that it does not know, which OxyPlot does not expect.
    private static string? FontOf(IReadOnlyList<string> names)
    {
        string[] texts = [.. names.Select(Visible), "a"];
        return SKFontManager.Default.FontFamilies.Prepend(ChartStyle.Font).FirstOrDefault(family => Has(family, texts));
    }

    // A font that has a glyph for what is no character has the same box for everything.
    private static bool Has(string family, string[] texts)
    {
        const int NoCharacter = 0x10FFFF;
        using var typeface = SKTypeface.FromFamilyName(family);
        return typeface is not null && !typeface.ContainsGlyph(NoCharacter) && texts.All(text => typeface.ContainsGlyphs(text));
    }

    // Without what only says how other characters are shown: joiners, variation selectors.
    private static string Visible(string name) => string.Concat(DrawnText.Short(name).EnumerateRunes().Where(
        rune => Rune.GetUnicodeCategory(rune) != UnicodeCategory.Format && rune.Value is not (>= 0xFE00 and <= 0xFE0F)));
}
