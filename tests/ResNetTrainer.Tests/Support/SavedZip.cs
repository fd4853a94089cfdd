using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML;
using ResNetMLNet.Formats;

namespace ResNetMLNet.Tests.Support;

/// <summary>A saved model whose entries can be changed, as somebody who knows the format would, or as a disk would.</summary>
internal static class SavedZip
{
    public const string Header = "model.json";
    public const string Weights = "weights.safetensors";
    public const string KeyValues = "KeyValues.bin";

    public static readonly byte[] Bytes = Save();

    /// <summary>The zip with one entry changed, or left out. Checksums are made right again.</summary>
    public static byte[] Change(string entry, Func<byte[], byte[]?> change, byte[]? zip = null)
    {
        var entries = Entries(zip ?? Bytes);
        var name = entries.Keys.Single(key => key.EndsWith(entry, StringComparison.Ordinal));
        if (change(entries[name]) is { } changed)
        {
            entries[name] = changed;
        }
        else
        {
            entries.Remove(name);
        }

        if (entry == Weights && entries.TryGetValue(name, out var weights))
        {
            var header = name.Replace(Weights, Header);
            var json = JsonNode.Parse(entries[header])!;
            json["weightsSha256"] = Convert.ToHexStringLower(SHA256.HashData(weights));
            entries[header] = Encoding.UTF8.GetBytes(json.ToJsonString());
        }

        return Zip(entries);
    }

    /// <summary>The zip with a changed header.</summary>
    public static byte[] ChangeHeader(Action<JsonNode> change, byte[]? zip = null) => Change(
        Header,
        bytes =>
        {
            var json = JsonNode.Parse(bytes)!;
            change(json);
            return Encoding.UTF8.GetBytes(json.ToJsonString());
        },
        zip);

    /// <summary>The zip with other tensors; null leaves one out.</summary>
    public static byte[] ChangeTensors(
        Func<string, long[], float[], (string Name, long[] Shape, float[] Data)?> change,
        params (string Name, long[] Shape, float[] Data)[] more) =>
        Change(Weights, bytes =>
        {
            var weights = new NamedTensors();
            foreach (var (name, tensor) in SafeTensors.Read(new MemoryStream(bytes)).Tensors)
            {
                if (change(name, tensor.Shape, tensor.Data) is { } changed)
                {
                    weights.Add(changed.Name, changed.Shape, changed.Data);
                }
            }

            foreach (var (name, shape, data) in more)
            {
                weights.Add(name, shape, data);
            }

            using var stream = new MemoryStream();
            SafeTensors.Write(stream, weights, new Dictionary<string, string>());
            return stream.ToArray();
        });

    /// <summary>The zip with a value of one tensor replaced.</summary>
    public static byte[] ChangeValue(string tensor, float value) => ChangeTensors((name, shape, data) =>
        name == tensor ? (name, shape, [value, .. data[1..]]) : (name, shape, data));

    /// <summary>A zip that is not compressed, with bytes changed as a disk would, behind the back of every checksum.</summary>
    public static byte[] Damage(byte[] stored, byte[] found, byte[] replacement)
    {
        var damaged = stored.ToArray();
        var at = damaged.AsSpan().IndexOf(found);
        Assert.IsGreaterThan(0, at);
        replacement.CopyTo(damaged, at);
        return damaged;
    }

    /// <summary>The content of an entry of our folder.</summary>
    public static byte[] Entry(byte[] zip, string name) =>
        Entries(zip).Single(entry => entry.Key.EndsWith(name, StringComparison.Ordinal)).Value;

    /// <summary>The entries by their full names.</summary>
    public static Dictionary<string, byte[]> Entries(byte[] zip)
    {
        using var archive = new ZipArchive(new MemoryStream(zip));
        return archive.Entries.ToDictionary(entry => entry.FullName, entry =>
        {
            using var content = new MemoryStream();
            using var stream = entry.Open();
            stream.CopyTo(content);
            return content.ToArray();
        });
    }

    public static byte[] Zip(Dictionary<string, byte[]> entries, CompressionLevel level = CompressionLevel.Fastest)
    {
        using var target = new MemoryStream();
        using (var archive = new ZipArchive(target, ZipArchiveMode.Create))
        {
            foreach (var (name, bytes) in entries)
            {
                using var stream = archive.CreateEntry(name, level).Open();
                stream.Write(bytes);
            }
        }

        return target.ToArray();
    }

    public static ITransformer Load(byte[] zip)
    {
        using var stream = new MemoryStream(zip);
        return new MLContext().Model.Load(stream, out _);
    }

    /// <summary>Loading ends soon, takes little memory and says what is wrong; what ML.NET wraps around our error does not count.</summary>
    public static void Refused(byte[] zip, params string[] words)
    {
        var before = GC.GetTotalAllocatedBytes();
        var loading = Task.Run(() => Load(zip));
        Assert.IsTrue(((IAsyncResult)loading).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(20)), "It hangs.");
        Assert.IsNotNull(loading.Exception, "It loads.");
        var errors = new List<Exception>();
        for (Exception? error = loading.Exception; error is not null; error = error.InnerException)
        {
            errors.Add(error);
        }

        var ours = errors.OfType<InvalidOperationException>().FirstOrDefault(error => words.All(error.Message.Contains));
        var said = string.Join(" | ", errors.Select(error => $"{error.GetType().Name}: {error.Message}"));
        Assert.IsNotNull(ours, $"Nothing says '{string.Join(", ", words)}': {said}");
        Assert.IsLessThan(150_000_000, GC.GetTotalAllocatedBytes() - before, "bytes allocated");
    }

    private static byte[] Save()
    {
        var ml = Images.Context();
        using var model = Images.Trainer(ml).Fit(Images.Labelled());
        using var zip = new MemoryStream();
        ml.Model.Save(model, null, zip);
        return zip.ToArray();
    }
}
