using System.Diagnostics;

namespace ResNetMLNet.Tests.Samples;

/// <summary>The web service with a model, on a port of its own.</summary>
internal sealed class WebApiProcess : IDisposable
{
    private readonly Process _process;

    public WebApiProcess(string model, params string[] settings)
    {
        // Production, as it is deployed: errors tell nothing of the inside.
        _process = SampleProgram.Start(
            "WebApi",
            Path.GetDirectoryName(model)!,
            ["--urls", "http://127.0.0.1:0", "--Model", model, "--environment", "Production", .. settings]);
        const string Listening = "Now listening on: ";
        string? line;
        while ((line = _process.StandardOutput.ReadLine()) is not null)
        {
            if (line.IndexOf(Listening, StringComparison.Ordinal) is var at and >= 0)
            {
                Client = new() { BaseAddress = new(line[(at + Listening.Length)..].Trim()) };

                // Or the pipe fills, and the service waits.
                _ = _process.StandardOutput.ReadToEndAsync();
                _ = _process.StandardError.ReadToEndAsync();
                return;
            }
        }

        throw new InvalidOperationException($"The service has ended: {_process.StandardError.ReadToEnd()}");
    }

    public HttpClient Client { get; } = null!;

    /// <summary>Bytes that are in memory.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public Task<HttpResponseMessage> Classify(byte[] image) => Client.PostAsync("classify", new ByteArrayContent(image));

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Client?.Dispose();
    }
}
