namespace ResNetMLNet.Sample.Images;

/// <summary>Fetches a file, but neither from where nobody sent us, nor for ever, nor without end.</summary>
internal sealed class HttpDownload(TimeSpan longestSilence, long mostBytes) : IDisposable
{
    private const int MostRedirections = 10;

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };

    public void Dispose() => _client.Dispose();

    /// <summary>Writes what is at an address to a file, and tells how much it has and will have, as far as that is known.</summary>
    /// <exception cref="DownloadException">It could not be fetched; the message says why.</exception>
    public async Task Fetch(Uri uri, Stream file, Action<long, long?> progress, CancellationToken cancellation)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        silence.CancelAfter(longestSilence);
        try
        {
            using var response = await Get(uri, silence.Token);
            var length = response.Content.Headers.ContentLength;
            await using var content = await response.Content.ReadAsStreamAsync(silence.Token);
            var buffer = new byte[1 << 16];
            var done = 0L;
            for (int read; (read = await Read(content, buffer, silence.Token)) > 0;)
            {
                silence.CancelAfter(longestSilence);
                done += read;
                if (done > mostBytes || length > mostBytes)
                {
                    throw new DownloadException($"it has more than the {mostBytes / 1e6:F0} MB that are expected at most.");
                }

                await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
                progress(done, length);
            }
        }
        catch (HttpRequestException e)
        {
            throw new DownloadException(Exit.Explain(e), e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new DownloadException($"the server sent nothing for {longestSilence.TotalSeconds:F0} seconds.", e);
        }
    }

    // Apart from writing, whose errors are the disk's.
    private static async Task<int> Read(Stream content, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await content.ReadAsync(buffer, cancellation);
        }
        catch (IOException e)
        {
            throw new DownloadException($"the connection broke off. {e.Message}", e);
        }
    }

    // Redirections are followed by hand: only by https, or within the host.
    private async Task<HttpResponseMessage> Get(Uri uri, CancellationToken cancellation)
    {
        var at = uri;
        for (var redirections = 0; redirections <= MostRedirections; redirections++)
        {
            var response = await _client.GetAsync(at, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if ((int)response.StatusCode is not (>= 300 and < 400) || response.Headers.Location is not { } location)
            {
                return response.EnsureSuccessStatusCode();
            }

            response.Dispose();
            var next = new Uri(at, location);
            if (next.Scheme != Uri.UriSchemeHttps && (next.Scheme != at.Scheme || next.Authority != at.Authority))
            {
                throw new DownloadException($"it is redirected to {next}, which is neither https nor on the same host.");
            }

            at = next;
        }

        throw new DownloadException($"it is redirected more than {MostRedirections} times.");
    }
}

/// <summary>A file could not be fetched; the message says why.</summary>
internal sealed class DownloadException(string message, Exception? inner = null) : Exception(message, inner);
