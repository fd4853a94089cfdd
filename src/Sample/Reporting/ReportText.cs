using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>Numbers and images as a report has them.</summary>
internal static class ReportText
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "–";

    public static string Number(double? value) => Format(value, "0.000");

    public static string Percent(double? value) => Format(value, "0.0\u00a0%");

    /// <summary>An image in words, for those who do not see it.</summary>
    public static string Describe(ShownImage image)
    {
        var file = image.File is { } name ? $", {DrawnText.Line(name)}" : "";
        return $"Image {image.Position + 1} of the data{file}: {DrawnText.Line(image.Truth)}";
    }

    private static string Format(double? value, string format) =>
        value is not { } number ? None : double.IsFinite(number) ? number.ToString(format) : "no number";
}
