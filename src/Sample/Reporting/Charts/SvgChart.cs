using System.Xml.Linq;
using OxyPlot;
using SvgExporter = OxyPlot.SvgExporter;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>A chart as part of an HTML page: it scales, and takes the colour of the text around it.</summary>
internal static class SvgChart
{
    // Small, so that its text can be read where it is scaled to a telephone.
    private const int Width = 460;
    private const int Height = 310;

    /// <param name="plot">The chart.</param>
    /// <param name="description">What it shows, for those who do not see it.</param>
    public static string Create(PlotModel plot, string description)
    {
        var exporter = new SvgExporter { Width = Width, Height = Height, IsDocument = false };
        var svg = XElement.Parse(exporter.ExportToString(plot));

        // Nothing is drawn outside, and what is clipped is text in fonts wider than the one that was measured.
        svg.Descendants().Where(element => element.Name.LocalName == "defs").Remove();
        foreach (var element in svg.DescendantsAndSelf())
        {
            // HTML knows SVG's elements by their names.
            element.Name = element.Name.LocalName;
            element.Attributes()
                .Where(attribute => attribute.IsNamespaceDeclaration || attribute.Name.LocalName is "font-family" or "clip-path")
                .Remove();
            foreach (var attribute in element.Attributes().Where(attribute => attribute.Name.LocalName is "fill" or "style"))
            {
                attribute.Value = attribute.Value.Replace("black", "currentColor", StringComparison.Ordinal);
            }
        }

        svg.Attributes("width").Remove();
        svg.Attributes("height").Remove();
        svg.SetAttributeValue("viewBox", $"0 0 {Width} {Height}");
        svg.SetAttributeValue("role", "img");
        svg.SetAttributeValue("aria-label", description);
        return svg.ToString(SaveOptions.DisableFormatting);
    }
}
