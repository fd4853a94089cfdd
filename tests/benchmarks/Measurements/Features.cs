using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Benchmarks.Experiments;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>ResNetFeatures against ML.NET's DnnFeaturizeImage, with the same network on the same photographs.</summary>
internal static class Features
{
    private const int Size = 224;
    private const string Input = "Image";
    private const string Ours = "Ours";
    private const string Theirs = "Theirs";

    // As many as scoring takes at most of this size.
    private const int Batch = 20;

    public static Command Create()
    {
        var folder = new Option<string>("--photographs")
        {
            Description = "A folder of photographs, of which crops are taken.",
            DefaultValueFactory = _ => "/usr/share/backgrounds",
        };
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 100 };
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 5 };
        var command = new Command("features", "Images a second of ResNetFeatures and of DnnFeaturizeImage, and how far they differ.")
        {
            folder, images, rounds,
        };
        command.SetAction(parsed => Run(parsed.GetValue(folder)!, parsed.GetValue(images), parsed.GetValue(rounds)));
        return command;
    }

    private static void Run(string folder, int count, int rounds)
    {
        var ml = new MLContext(1);
        var pixels = Photographs(ml, folder, count);
        var data = Images(ml, pixels);
        using var ours = ml.Transforms.ResNetFeatures(Ours, PretrainedWeights.ImageNet, Input).Fit(data);
        using var theirs = ml.Transforms.ExtractPixels("Pixels", Input)
            .Append(ml.Transforms.DnnFeaturizeImage(
                Theirs, image => image.ModelSelector.ResNet18(ml, image.OutputColumn, image.InputColumn), "Pixels"))
            .Fit(data);
        using var file = new MemoryStream();
        ours.ExportToOnnx(file);
        using var session = new InferenceSession(file.ToArray());
        var batches = pixels.Select(image => image.Select(value => value / 255f).ToArray()).Chunk(Batch)
            .Select(batch => batch.SelectMany(image => image).ToArray()).ToArray();

        Console.WriteLine($"\n{count} photographs of {Size}x{Size}: largest relative difference of features "
            + $"{Difference(Column(ours.Transform(data), Ours), Column(theirs.Transform(data), Theirs)):G3}\n");
        var (whole, bare) = (new List<double>(), new List<double>());
        InTurn.Run(
            new Dictionary<string, Func<double>>
            {
                ["ResNetFeatures"] = () => Speed(count, () => Column(ours.Transform(data), Ours), whole),
                ["DnnFeaturizeImage"] = () => Speed(count, () => Column(theirs.Transform(data), Theirs)),
                [$"the network alone, batches of {Batch}"] = () => Speed(count, () => Array.ForEach(batches, x => Infer(session, x)), bare),
            },
            rounds,
            "images/s");
        var outside = whole.Zip(bare, (one, other) => 1 - (one / other));
        Console.WriteLine($"\nOutside the network: {InTurn.Median(outside):P1} of ResNetFeatures' time (median of {rounds} rounds)");
    }

    private static byte[][] Photographs(MLContext ml, string folder, int count)
    {
        using var crops = new PhotographCrops(ml, Directory.EnumerateFiles(folder, "*.jpg"));
        var each = ((count - 1) / crops.Classes) + 1;
        return [.. crops.Create(each, Size, test: false, seed: 1).GetColumn<byte[]>("Pixels").Take(count)];
    }

    // A new image for each read: ExtractPixels disposes what it has read.
    private static IDataView Images(MLContext ml, byte[][] pixels)
    {
        var interleaved = pixels.Select(Interleaved).ToArray();
        return ml.Data.LoadFromEnumerable(interleaved.Select(
            bytes => new Row { Image = MLImage.CreateFromPixels(Size, Size, MLPixelFormat.Bgra32, bytes) }));
    }

    private static byte[] Interleaved(byte[] planes)
    {
        var bytes = new byte[4 * Size * Size];
        for (var i = 0; i < Size * Size; i++)
        {
            (bytes[4 * i], bytes[(4 * i) + 1]) = (planes[(2 * Size * Size) + i], planes[(Size * Size) + i]);
            (bytes[(4 * i) + 2], bytes[(4 * i) + 3]) = (planes[i], 255);
        }

        return bytes;
    }

    private static float[][] Column(IDataView data, string column) => [.. data.GetColumn<float[]>(column)];

    private static double Difference(float[][] ours, float[][] theirs) => ours.Zip(theirs, (one, other) =>
        Math.Sqrt(one.Zip(other, (a, b) => Math.Pow(a - b, 2)).Sum() / other.Sum(value => (double)value * value))).Max();

    private static void Infer(InferenceSession session, float[] batch)
    {
        using var options = new RunOptions();
        using var input = OrtValue.CreateTensorValueFromMemory(batch, [batch.Length / (3 * Size * Size), 3, Size, Size]);
        using var outputs = session.Run(options, ["pixels"], [input], ["features"]);
    }

    private static double Speed(int images, Action action, List<double>? kept = null)
    {
        var watch = Stopwatch.StartNew();
        action();
        var speed = images / watch.Elapsed.TotalSeconds;
        kept?.Add(speed);
        return speed;
    }

    private sealed class Row
    {
        [ImageType(Size, Size)]
        public MLImage Image { get; set; } = null!;
    }
}
