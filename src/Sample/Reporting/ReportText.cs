namespace ResNetMLNet.Sample.Reporting;

/// <summary>Numbers as a report has them.</summary>
internal static class ReportText
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "–";

    public static string Number(double? value) => Format(value, "0.000");

    public static string Percent(double? value) => Format(value, "0.0\u00a0%");

    private static string Format(double? value, string format) =>
        value is not { } number ? None : double.IsFinite(number) ? number.ToString(format) : "no number";
}
