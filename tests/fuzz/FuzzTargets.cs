using System.IO.Compression;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;
using ResNetMLNet.Formats.PyTorch;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using ResNetMLNet.Training.Checkpoints;

namespace ResNetMLNet.Fuzz;

/// <summary>Every reader of the library. A new one is a line here: its name, how to make the target.</summary>
internal static class FuzzTargets
{
    private static readonly Dictionary<string, Func<string, FuzzTarget>> _targets = new()
    {
        ["safetensors"] = SafeTensorsFile,
        ["model.json"] = name => InZip(name, "model.json", Seed("model.zip")),
        ["weights.safetensors"] = name => InZip(name, "weights.safetensors", Seed("model.zip")),
        ["features"] = name => InZip(name, "model.json", FeaturesZip()),
        ["features' weights"] = name => InZip(name, "weights.safetensors", FeaturesZip()),
        ["KeyValues.bin"] = KeyValuesFile,
        ["model.zip"] = WholeModelZip,
        ["checkpoint"] = CheckpointAsItIs,
        ["signed checkpoint"] = SignedCheckpoint,
        ["IDX"] = IdxFiles,
        ["ELF"] = ElfFile,
        ["PyTorch"] = PyTorchFile,
        ["ONNX"] = OnnxModels,
    };

    public static IEnumerable<string> Names => _targets.Keys;

    public static FuzzTarget Create(string name) => _targets[name](name);

    private static FuzzTarget SafeTensorsFile(string name)
    {
        var tensors = new NamedTensors();
        tensors.Add("conv1.weight", [2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
        tensors.Add("fc.bias", [3], [1, 2, 3]);
        tensors.Add("none", [0], []);
        using var file = new MemoryStream();
        SafeTensors.Write(file, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return new(
            name,
            [file.ToArray(), Seed("checkpoint-0001-0000001.safetensors")],
            bytes => SafeTensors.Read(new MemoryStream(bytes)),
            e => e is InvalidDataException);
    }

    // One entry is damaged and the zip made right again, with no checksum of ours in it.
    private static FuzzTarget InZip(string name, string entry, byte[] zip)
    {
        var entries = ZipEntries.Read(zip);
        var path = entries.Keys.Single(key => key.EndsWith(entry, StringComparison.Ordinal));
        var context = new MLContext();
        return new(name, [entries[path]], bytes => Load(context, ZipEntries.Write(new(entries) { [path] = bytes })), IsDamagedModel)
        {
            MostBytes = 16 << 20,
        };
    }

    // Of the model among the seeds, with a mean image.
    private static byte[] FeaturesZip()
    {
        var context = new MLContext();
        using var seed = new MemoryStream(Seed("model.zip"));
        using var model = (ResNetTransformer)context.Model.Load(seed, out _);
        var shape = model.Model.Network.Plan.Input;
        var mean = new PixelStatistics(new MeanImage(shape.Height, shape.Width, new float[shape.Count]), [1]);
        var plan = new NetworkPlan(model.Model.Architecture, shape, classes: null) { Statistics = mean };
        var weights = WeightImport.Fit(model.Model.Network.Weights, plan, new());
        var network = model.Model.Network with { Plan = plan, Weights = weights, KeyValues = null };
        using var transformer = new ResNetFeaturesTransformer(context, network, new("Image", "Features"), ComputeDevice.Cpu);
        using var zip = new MemoryStream();
        context.Model.Save(transformer, null, zip);
        return zip.ToArray();
    }

    private static FuzzTarget WholeModelZip(string name)
    {
        // What ML.NET reads before it asks us is ML.NET's, and has errors of every kind.
        var context = new MLContext();
        var stored = ZipEntries.Write(ZipEntries.Read(Seed("model.zip")));
        return new(name, [Seed("model.zip"), stored], bytes => Load(context, bytes), e => e is not OutOfMemoryException)
        {
            MostBytes = 16 << 20,
        };
    }

    private static FuzzTarget KeyValuesFile(string name)
    {
        var context = new MLContext();
        var names = new VBuffer<ReadOnlyMemory<char>>(3, [.. ((string[])["top", "", "bottom"]).Select(text => text.AsMemory())]);
        KeyValues[] values =
        [
            new KeyValues<ReadOnlyMemory<char>>(new(TextDataViewType.Instance, 3), names),
            new KeyValues<int>(new(NumberDataViewType.Int32, 3), new(3, [-7, 0, 1_000_000])),
            new KeyValues<float>(new(NumberDataViewType.Single, 3), new(3, 1, [0.5f], [1])),
            new KeyValues<bool>(new(BooleanDataViewType.Instance, 3), new(3, [true, false, true])),
            new KeyValues<DateTime>(new(DateTimeDataViewType.Instance, 3), new(3, [default, DateTime.MaxValue, new(2020, 1, 1)])),
            new KeyValues<DateTimeOffset>(new(DateTimeOffsetDataViewType.Instance, 3), new(3, [default, default, default])),
            new KeyValues<uint>(new(new KeyDataViewType(typeof(uint), 9), 3), new(3, [1u, 2u, 3u])),
        ];
        var seeds = values.Select(each =>
        {
            using var file = new MemoryStream();
            each.Write(context, file);
            return file.ToArray();
        });
        return new(name, [.. seeds], bytes => KeyValues.Read(context, bytes, 3), e => e is InvalidDataException);
    }

    private static FuzzTarget CheckpointAsItIs(string name) => new(
        name, [Seed("checkpoint-0001-0000001.safetensors")], bytes => InFile(bytes, CheckpointFile.Read), IsDamagedCheckpoint);

    // The text in it is damaged and signed again, as somebody would who knows how.
    private static FuzzTarget SignedCheckpoint(string name)
    {
        var tensors = SafeTensors.Read(new MemoryStream(Seed("checkpoint-0001-0000001.safetensors")), out var metadata);
        return new(
            name,
            [Encoding.UTF8.GetBytes(metadata["checkpoint"])],
            bytes =>
            {
                var json = Encoding.UTF8.GetString(bytes);
                using var file = new MemoryStream();
                var texts = new Dictionary<string, string> { ["checkpoint"] = json, ["sha256"] = tensors.Fingerprint(json) };
                SafeTensors.Write(file, tensors, texts);
                InFile(file.ToArray(), CheckpointFile.Read);
            },
            IsDamagedCheckpoint);
    }

    private static FuzzTarget IdxFiles(string name)
    {
        byte[] images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 5, .. Enumerable.Range(0, 40).Select(value => (byte)value)];
        var labels = Path.GetTempFileName();
        File.WriteAllBytes(labels, [0, 0, 8, 1, 0, 0, 0, 2, 0, 1]);
        using var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
        {
            zip.Write(images);
        }

        var context = new MLContext();
        return new(
            name,
            [images, zipped.ToArray()],
            bytes => InFile(bytes, path => context.Data.LoadFromIdx(path, labels).Schema),
            e => e is InvalidOperationException);
    }

    private static FuzzTarget ElfFile(string name)
    {
        var library = Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).First();
        return new(name, [File.ReadAllBytes(library)], bytes => ElfMender.Mend(bytes), e => e is InvalidDataException);
    }

    private static FuzzTarget PyTorchFile(string name) => new(
        name, [Seed("basic.pth")], bytes => Import(TorchFile.Read(new MemoryStream(bytes))), IsNoFileOfWeights);

    private static FuzzTarget OnnxModels(string name) => new(
        name,
        [Seed("basic-folded.onnx"), Seed("basic-unfolded.onnx")],
        bytes => Import(OnnxWeights.Of(OnnxFile.Read(new MemoryStream(bytes))).Weights),
        IsNoFileOfWeights);

    private static void Import(NamedTensors file) => WeightArchitecture.Of(WeightNames.Normalise(file));

    private static bool IsNoFileOfWeights(Exception e) => e is InvalidDataException or EndOfStreamException;

    private static bool IsDamagedCheckpoint(Exception e) => e is InvalidDataException or NewerFormatException;

    private static bool IsDamagedModel(Exception e) =>
        (e is InvalidOperationException && (e.Message.Contains("is damaged: ") || e.Message.Contains("newer version of ResNetMLNet")))
        || (e.InnerException is { } inner && IsDamagedModel(inner));

    private static void Load(MLContext context, byte[] zip)
    {
        using var stream = new MemoryStream(zip);
        ((IDisposable)context.Model.Load(stream, out _)).Dispose();
    }

    private static void InFile<T>(byte[] bytes, Func<string, T> read)
    {
        var path = Path.Combine(Path.GetTempPath(), $"resnet-fuzz-{Environment.ProcessId}");
        File.WriteAllBytes(path, bytes);
        try
        {
            read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Seed(string file) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "seeds", file));
}
