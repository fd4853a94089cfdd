using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>JPEGs of 500x375 against the same images in memory, ready for the network: what is left of the speed.</summary>
internal static class Photographs
{
    private const int Size = 224;
    private const string Memory = "Pixels";
    private const string Files = "ImageBytes";

    public static Command Create()
    {
        var folder = new Option<string>("--photographs")
        {
            Description = "A folder of photographs, of which the JPEGs are parts.",
            DefaultValueFactory = _ => "/usr/share/backgrounds",
        };
        var images = new Option<int>("--images") { DefaultValueFactory = _ => 5_000 };
        var rounds = new Option<int>("--rounds")
        {
            Description = "How often each takes its turn; 0 for the milliseconds of decoding alone.",
            DefaultValueFactory = _ => 3,
        };
        var command = new Command("photographs", "Images a second of scoring and of frozen training, from JPEGs and from memory.")
        {
            folder, images, rounds,
        };
        command.SetAction(parsed =>
        {
            var temporary = Directory.CreateTempSubdirectory("resnet-photographs-").FullName;
            try
            {
                PhotographFiles.Write(parsed.GetValue(folder)!, temporary, parsed.GetValue(images));
                Run(new MLContext(1), temporary, parsed.GetValue(rounds));
            }
            finally
            {
                Directory.Delete(temporary, recursive: true);
            }
        });
        return command;
    }

    private static void Run(MLContext ml, string folder, int rounds)
    {
        var files = ml.Data.LoadFromImageFolder(folder);
        var count = (int)files.GetRowCount()!;
        DecodingTime(files);
        if (rounds == 0)
        {
            return;
        }

        var memory = PhotographFiles.InMemory(ml, files, Size);
        Console.WriteLine($"\nScoring {count:N0} images at {Size}\n");
        using (var ofFiles = Fit(ml, Some(files), Files))
        using (var ofMemory = Fit(ml, Some(memory), Memory))
        {
            Compare(() => Drain(ofFiles.Transform(files)), () => Drain(ofMemory.Transform(memory)));
        }

        Console.WriteLine($"\nTraining of the linear layer alone, {count:N0} images at {Size}, one epoch\n");
        Compare(() => Fit(ml, files, Files).Dispose(), () => Fit(ml, memory, Memory).Dispose());

        IDataView Some(IDataView all) => ml.Data.TakeRows(ml.Data.ShuffleRows(all, seed: 1), 64);

        void Compare(Action fromFiles, Action fromMemory)
        {
            InTurn.Run(
                new Dictionary<string, Func<double>>
                {
                    ["in memory"] = () => Speed(count, fromMemory),
                    ["JPEGs"] = () => Speed(count, fromFiles),
                },
                rounds,
                "images/s");
        }
    }

    private static ResNetTransformer Fit(MLContext ml, IDataView data, string column) =>
        ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
        {
            FeatureColumnName = column,
            ImageSize = Size,
            NumberOfEpochs = 1,
            Device = ComputeDevice.Cpu,
            InitialWeights = PretrainedWeights.ImageNet,
            FrozenStages = 4,
            Seed = 1,
        }).Fit(data);

    // On one thread.
    private static void DecodingTime(IDataView files)
    {
        var bytes = files.GetColumn<byte[]>(Files).Take(200).ToArray();
        var (decoding, all) = PhotographFiles.Milliseconds(bytes, Size);
        Console.WriteLine($"JPEGs of {bytes.Average(each => each.Length) / 1024:F0} KiB on one thread, milliseconds an image: "
            + $"{decoding:F2} to decode the pixels, {all:F2} with the planes and the resizing to {Size}");
    }

    private static void Drain(IDataView data)
    {
        using var cursor = data.GetRowCursor([data.Schema["Score"]]);
        var getter = cursor.GetGetter<VBuffer<float>>(data.Schema["Score"]);
        VBuffer<float> score = default;
        while (cursor.MoveNext())
        {
            getter(ref score);
        }
    }

    private static double Speed(int images, Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return images / watch.Elapsed.TotalSeconds;
    }
}
