using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using ResNetMLNet.Sample.Reporting;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>
/// Reports in a real browser. The environment variable REPORT names a report to look at instead of one made by hand, and SCREENSHOTS a
/// folder for images of it (see scripts/report_screenshots.sh).
/// </summary>
[TestClass]
[TestCategory("Browser")]
public sealed class ReportBrowserTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
    private readonly List<string> _problems = [];

    public static IEnumerable<object[]> Screens =>
        from width in (int[])[360, 1280]
        from scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark]
        select new object[] { width, scheme };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DynamicData(nameof(Screens))]
    public async Task A_report_fits_the_screen_shows_its_images_and_can_be_read(int width, ColorScheme scheme)
    {
        await using var browser = await Browser.Start();
        var page = await browser.Open(width, scheme, File(SampleReport.Whole()), _problems);

        await AssertFits(page, width);
        Assert.IsGreaterThan(5, await page.EvaluateAsync<int>("document.images.length"));
        Assert.AreEqual(0, await page.EvaluateAsync<int>("[...document.images].filter(image => !(image.naturalWidth > 0)).length"));
        Assert.IsTrue(await page.EvaluateAsync<bool>("[...document.querySelectorAll('svg')].every(svg => svg.clientWidth > 250)"));
        var ground = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        Assert.AreEqual(scheme == ColorScheme.Light ? "rgb(255, 255, 255)" : "rgb(20, 23, 27)", ground);
        await AssertAccessible(page);
        Assert.AreEqual("", string.Join('\n', _problems));
        await Photograph(page, $"report-{(width < 600 ? "phone" : "desktop")}-{scheme.ToString().ToLowerInvariant()}");
    }

    [TestMethod]
    [DataRow(360)]
    [DataRow(1280)]
    public async Task Names_of_classes_neither_run_nor_widen_the_page(int width)
    {
        await using var browser = await Browser.Start();
        string[] names = [.. SampleReport.HostileNames[..3], new string('W', 255)];

        var page = await browser.Open(width, ColorScheme.Light, Written(SampleReport.Whole(names)), _problems);
        page.Dialog += (_, dialog) => _problems.Add(dialog.Message);

        await AssertFits(page, width);
        Assert.AreEqual("", string.Join('\n', _problems));
    }

    [TestMethod]
    public async Task Printed_it_is_dark_on_light_and_no_table_is_cut()
    {
        await using var browser = await Browser.Start();
        var page = await browser.Open(1280, ColorScheme.Dark, File(SampleReport.Whole()), _problems);
        await page.EmulateMediaAsync(new() { Media = Media.Print });

        Assert.AreEqual("rgb(255, 255, 255)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.AreEqual("rgb(0, 0, 0)", await page.EvaluateAsync<string>("getComputedStyle(document.body).color"));
        Assert.IsTrue(await page.EvaluateAsync<bool>(
            "[...document.querySelectorAll('.scrolled')].every(table => getComputedStyle(table).overflowX == 'visible')"));
        Assert.IsGreaterThan(10_000, (await page.PdfAsync()).Length);
    }

    private static async Task AssertFits(IPage page, int width)
    {
        Assert.AreEqual(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));

        // What scrolls by itself may be wider.
        var wide = await page.EvaluateAsync<string>(
            "[...document.body.querySelectorAll('*')]"
            + ".filter(e => !e.closest('.scrolled > *') && e.getBoundingClientRect().right > innerWidth)"
            + ".map(e => e.outerHTML.slice(0, 100)).join('\\n')");
        Assert.AreEqual("", wide);
    }

    private static async Task AssertAccessible(IPage page)
    {
        var result = await page.RunAxe(new AxeRunOptions
        {
            RunOnly = new() { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] },
        });
        Assert.AreEqual("", string.Join('\n', result.Violations.Select(violation =>
            $"{violation.Id}: {violation.Help}: {string.Join("; ", violation.Nodes.Take(3).Select(node => node.Html))}")));
        Assert.IsGreaterThan(10, result.Passes.Length);
    }

    private static async Task Photograph(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });

            // What the README shows.
            await page.ScreenshotAsync(new()
            {
                Path = Path.Combine(folder, $"{name}-top.png"),
                Clip = new() { Width = page.ViewportSize!.Width, Height = 1560 },
                FullPage = true,
            });
        }
    }

    private string File(Report report) =>
        Environment.GetEnvironmentVariable("REPORT") is { Length: > 0 } file ? Path.GetFullPath(file) : Written(report);

    private string Written(Report report)
    {
        var path = Path.Combine(_folder, "report.html");
        System.IO.File.WriteAllText(path, ReportFile.Render(report));
        return path;
    }
}
