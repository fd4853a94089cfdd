using System.Xml.Linq;
using OxyPlot;
using SvgExporter = OxyPlot.SvgExporter;

namespace ResNetMLNet.Sample.Reporting.Charts;

/// <summary>A chart as part of an HTML page: it scales, takes the colour of the text around it, and its ids are its own.</summary>
internal static class SvgChart
{
    // Small, so that its text can be read where it is scaled to a telephone.
    private const int Width = 460;
    private const int Height = 310;

    /// <param name="plot">The chart.</param>
    /// <param name="name">Its name, which no other chart of the page has; for its ids.</param>
    /// <param name="description">What it shows, for those who do not see it.</param>
    public static string Create(PlotModel plot, string name, string description)
    {
        var exporter = new SvgExporter { Width = Width, Height = Height, IsDocument = false };
        var svg = XElement.Parse(exporter.ExportToString(plot));
        foreach (var element in svg.DescendantsAndSelf())
        {
            // HTML knows SVG's elements by their names.
            element.Name = element.Name.LocalName;
            element.Attributes().Where(attribute => attribute.IsNamespaceDeclaration || attribute.Name == "font-family").Remove();
            foreach (var attribute in element.Attributes())
            {
                attribute.Value = attribute.Name.LocalName switch
                {
                    "id" => $"{name}-{attribute.Value}",
                    "clip-path" => attribute.Value.Replace("url(#", $"url(#{name}-", StringComparison.Ordinal),
                    "fill" or "style" => attribute.Value.Replace("black", "currentColor", StringComparison.Ordinal),
                    _ => attribute.Value,
                };
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
