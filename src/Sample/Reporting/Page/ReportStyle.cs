namespace ResNetMLNet.Sample.Reporting.Page;

/// <summary>The style sheet of the page.</summary>
internal static class ReportStyle
{
    public static string Css { get; } = Read();

    private static string Read()
    {
        using var reader = new StreamReader(typeof(ReportStyle).Assembly.GetManifestResourceStream("report.css")!);
        return reader.ReadToEnd();
    }
}
