using System.IO.Compression;
using System.Security.Cryptography;
using ResNetMLNet.Sample.Files;

namespace ResNetMLNet.Sample.Images;

/// <summary>Fetches the full Fashion-MNIST into the user's cache, once.</summary>
internal sealed class FashionMnistDownload(Uri source, string folder, TextWriter progress)
{
    /// <summary>Where Zalando Research publishes the data set.</summary>
    public static readonly Uri Publisher = new("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/");

    private const string Elsewhere = "Get the four files elsewhere (on Debian: apt-get install dataset-fashion-mnist) and use --data.";

    // The largest file has 26 MB, and unzipped 47.
    private const int MostBytes = 64_000_000;

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

    /// <summary>How long the server may send nothing.</summary>
    public TimeSpan LongestSilence { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Fetches what is not there yet and returns the folder. A file appears only when it is whole and right.</summary>
    /// <exception cref="InvalidOperationException">A file could not be fetched, or is not the one that was published.</exception>
    public async Task<string> Run(CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        OutputFile.RemoveAbandoned(folder, Sha256.Keys);
        using var client = new HttpDownload(LongestSilence, MostBytes);
        foreach (var (name, hash) in Sha256)
        {
            var target = Path.Combine(folder, name);
            if (!File.Exists(target) || await HashOf(target, cancellation) != hash)
            {
                await Fetch(client, target, hash, cancellation);
            }
        }

        return folder;
    }

    private async Task Fetch(HttpDownload client, string target, string hash, CancellationToken cancellation)
    {
        var name = Path.GetFileName(target);
        var uri = new Uri(source, name);
        var temporary = OutputFile.TemporaryName(target);
        try
        {
            await using (var file = OutputFile.Create(temporary))
            {
                await client.Fetch(uri, file, new QuarterLines(name, progress).Show, cancellation);
            }

            if (await HashOf(temporary, cancellation) != hash)
            {
                throw new InvalidOperationException(
                    $"What {uri} serves is not the file that was published (its SHA-256 differs). Try again. {Elsewhere}");
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch (DownloadException e)
        {
            throw new InvalidOperationException($"{uri} could not be fetched: {e.Message} {Elsewhere}", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    // Of a file that unzips to more than it should, only the beginning.
    private static async Task<string> HashOf(string path, CancellationToken cancellation)
    {
        try
        {
            await using var unzipped = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 16];
            for (int total = 0, read; total <= MostBytes && (read = await unzipped.ReadAsync(buffer, cancellation)) > 0; total += read)
            {
                hash.AppendData(buffer, 0, read);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (InvalidDataException)
        {
            return "";
        }
    }

    // A line a quarter; of a file of unknown length, every four megabytes.
    private sealed class QuarterLines(string name, TextWriter output)
    {
        private long _shown = -1;

        public void Show(long done, long? length)
        {
            var quarter = length is > 0 ? 4 * done / length.Value : done >> 22;
            if (quarter != _shown)
            {
                _shown = quarter;
                output.WriteLine($"{name}: {done / 1e6:F1} MB{(length is { } all ? $" of {all / 1e6:F1}" : "")}");
            }
        }
    }
}
