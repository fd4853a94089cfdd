using System.IO.Compression;
using System.Security.Cryptography;

namespace ResNetMLNet.Sample;

/// <summary>Fetches the full Fashion-MNIST into the user's cache, once.</summary>
internal sealed class FashionMnistDownload(Uri source, string folder, TextWriter progress)
{
    /// <summary>Where Zalando Research publishes the data set.</summary>
    public static readonly Uri Publisher = new("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/");

    // Of the unzipped files: how they were zipped does not matter.
    private static readonly Dictionary<string, string> Sha256 = new()
    {
        ["train-images-idx3-ubyte.gz"] = "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ["train-labels-idx1-ubyte.gz"] = "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ["t10k-images-idx3-ubyte.gz"] = "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ["t10k-labels-idx1-ubyte.gz"] = "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    };

    /// <summary>The user's cache, or what XDG_CACHE_HOME says.</summary>
    public static string DefaultFolder
    {
        get
        {
            var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named
                ? named
                : OperatingSystem.IsWindows()
                    ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                    : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "ResNetMLNet", "fashion-mnist");
        }
    }

    /// <summary>Fetches what is not there yet and returns the folder. A file appears only when it is whole and right.</summary>
    /// <exception cref="InvalidOperationException">A file could not be fetched, or is not the one that was published.</exception>
    public async Task<string> Run(CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(10) };
        foreach (var (name, hash) in Sha256)
        {
            var target = Path.Combine(folder, name);
            if (!File.Exists(target) || await HashOf(target, cancellation) != hash)
            {
                await Fetch(client, name, target, hash, cancellation);
            }
        }

        return folder;
    }

    private async Task Fetch(HttpClient client, string name, string target, string hash, CancellationToken cancellation)
    {
        var uri = new Uri(source, name);
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var response = await client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, cancellation))
            {
                response.EnsureSuccessStatusCode();
                await using var content = await response.Content.ReadAsStreamAsync(cancellation);
                await using var file = File.Create(temporary);
                await Copy(content, file, name, response.Content.Headers.ContentLength, cancellation);
            }

            if (await HashOf(temporary, cancellation) != hash)
            {
                throw new InvalidOperationException(
                    $"What {uri} serves is not the file that was published (its SHA-256 differs). Try again, or get the four files elsewhere and use --data.");
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch (HttpRequestException e)
        {
            throw new InvalidOperationException(
                $"{uri} could not be fetched: {e.Message} Get the four files elsewhere (on Debian: apt-get install dataset-fashion-mnist) and use --data.", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private async Task Copy(Stream content, Stream file, string name, long? length, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 16];
        var (done, shown) = (0L, -1L);
        for (int read; (read = await content.ReadAsync(buffer, cancellation)) > 0;)
        {
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            done += read;
            var quarter = length is > 0 ? 4 * done / length.Value : done >> 22;
            if (quarter != shown)
            {
                shown = quarter;
                progress.WriteLine($"{name}: {done / 1e6:F1} MB{(length is { } all ? $" of {all / 1e6:F1}" : "")}");
            }
        }
    }

    private static async Task<string> HashOf(string path, CancellationToken cancellation)
    {
        try
        {
            await using var unzipped = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(unzipped, cancellation));
        }
        catch (InvalidDataException)
        {
            return "";
        }
    }
}
