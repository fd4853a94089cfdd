using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using ResNetMLNet.Sample.Reporting.Page;

namespace ResNetMLNet.Sample.Reporting;

/// <summary>Writes a report as one HTML file, which needs no other.</summary>
internal static class ReportFile
{
    public static void Write(Stream stream, Report report) => stream.Write(Encoding.UTF8.GetBytes(Render(report)));

    public static string Render(Report report)
    {
        using var services = new ServiceCollection().BuildServiceProvider();
        using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        return renderer.Dispatcher.InvokeAsync(async () =>
        {
            var page = ParameterView.FromDictionary(new Dictionary<string, object?> { [nameof(ReportPage.Report)] = report });
            return (await renderer.RenderComponentAsync<ReportPage>(page)).ToHtmlString();
        }).GetAwaiter().GetResult();
    }
}
