using Microsoft.Playwright;

namespace ResNetMLNet.Tests.Support;

/// <summary>A Chromium of the system, without a window.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] _names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Starts it; where there is none, the test is inconclusive.</summary>
    public static async Task<Browser> Start()
    {
        var folders = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator);
        var path = _names.SelectMany(_ => folders, (name, folder) => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            Assert.Inconclusive("There is no Chromium here: install it (Debian: apt-get install chromium) to look at reports with it.");
        }

        var playwright = await Playwright.CreateAsync();
        return new(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = ["--no-sandbox"] }));
    }

    /// <summary>Opens a page, offline.</summary>
    /// <param name="width">The width of the screen in its pixels.</param>
    /// <param name="scheme">Light or dark.</param>
    /// <param name="file">The page.</param>
    /// <param name="problems">Where errors of the console and requests for other files go.</param>
    public async Task<IPage> Open(int width, ColorScheme scheme, string file, ICollection<string> problems)
    {
        var page = await _browser.NewPageAsync(new()
        {
            ViewportSize = new() { Width = width, Height = 800 },
            ColorScheme = scheme,
            Offline = true,
        });
        var address = new Uri(file).AbsoluteUri;
        page.Console += (_, message) => problems.Add($"{message.Type}: {message.Text}");
        page.PageError += (_, error) => problems.Add(error);
        page.Request += (_, request) =>
        {
            if (request.Url != address && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                problems.Add($"asks for {request.Url}");
            }
        };
        await page.GotoAsync(address);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
