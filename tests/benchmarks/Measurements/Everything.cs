using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>
/// All that an application does, at once in one process and over and over: training that is cancelled and resumed, loading, scoring in
/// batches and by engines, disposing, images that cannot be read. Memory must stay flat.
/// </summary>
internal static class Everything
{
    private static readonly ResNetArchitecture _network = ResNetArchitecture.BookResNet18 with { Name = "narrow", Width = 16 };

    public static Command Create()
    {
        var minutes = new Option<double>("--minutes") { DefaultValueFactory = _ => 10 };
        var command = new Command("everything", "Fit, cancel, resume, score, load, dispose and fail, at once: memory and "
            + "native tensors.") { minutes };
        command.SetAction(parsed =>
        {
            var folder = Directory.CreateTempSubdirectory("resnet-everything-").FullName;
            try
            {
                Run(folder, TimeSpan.FromMinutes(parsed.GetValue(minutes)));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static void Run(string folder, TimeSpan time)
    {
        var images = WriteImages(Path.Combine(folder, "images"));
        var zip = Path.Combine(folder, "model.zip");
        SaveModel(images, zip);
        var (watch, rounds) = (Stopwatch.StartNew(), new int[3]);
        Action<int>[] jobs = [round =>
            CancelAndResume(Path.Combine(folder, "checkpoints"), round), _ => LoadAndScore(images, zip), _ => Fail(images)];
        var tasks = jobs.Select((job, index) => Task.Factory.StartNew(
            () =>
            {
                while (watch.Elapsed < time)
                {
                    job(rounds[index]++);
                }
            },
            TaskCreationOptions.LongRunning)).ToArray();
        Console.WriteLine("| seconds | trainings cancelled and resumed | models loaded and used | failures | resident memory, "
            + "MB | native tensors |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
        while (!Task.WaitAll(tasks, time / 20))
        {
            // One that fails ends it all.
            if (Array.Find(tasks, task => task.IsFaulted) is { } failed)
            {
                failed.GetAwaiter().GetResult();
            }

            Console.WriteLine(
                $"| {watch.Elapsed.TotalSeconds:F0} | {rounds[0]} | {rounds[1]} | {rounds[2]} | "
                + $"{Process.GetCurrentProcess().WorkingSet64 / 1e6:F0} "
                + $"| {torch.Tensor.TotalCount} |");
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Console.WriteLine($"| after a collection | | | | {Process.GetCurrentProcess().WorkingSet64 / 1e6:F0} | "
            + $"{torch.Tensor.TotalCount} |");
    }

    private static void CancelAndResume(string folder, int round)
    {
        var ml = new MLContext(round);
        var train = FullData.Load(ml, ScoringModels.Shipped, "t10k");
        using (var stop = new CancellationTokenSource())
        {
            using var half = Trainer(ml, options =>
            {
                (
                    options.NumberOfEpochs, options.CancellationToken, options.OnCancellation) = (
                        2, stop.Token, CancellationBehavior.ReturnModel);
                (options.Checkpoints, options.EpochCallback) = (new() { Directory = folder }, _ => stop.Cancel());
            }).Fit(train);
        }

        using (var whole = Trainer(ml, options =>
            (options.NumberOfEpochs, options.Checkpoints) = (2, new() { Directory = folder, Resume = true })).Fit(train))
        {
            _ = ml.MulticlassClassification.Evaluate(whole.Transform(ml.Data.TakeRows(train, 500)));
        }

        Directory.Delete(folder, recursive: true);
    }

    private static void LoadAndScore(string images, string zip)
    {
        var ml = new MLContext();
        var model = (ResNetTransformer)ml.Model.Load(zip, out _);
        var data = ml.Data.LoadFromImageFolder(images, model.Model.ClassNames);
        _ = ml.MulticlassClassification.Evaluate(model.Transform(data));
        var bytes = data.GetColumn<byte[]>("ImageBytes").First();
        foreach (var _ in (int[])[1, 2])
        {
            using var engine = ml.Model.CreatePredictionEngine<EncodedImage, Scored>(model);
            engine.Predict(new() { ImageBytes = bytes });
        }

        model.Dispose();
    }

    private static void Fail(string images)
    {
        var ml = new MLContext(1);
        var data = ml.Data.LoadFromImageFolder(Path.Combine(images, "..", "damaged"));
        try
        {
            Trainer(ml, options => options.FeatureColumnName = "ImageBytes").Fit(data).Dispose();
            throw new UnreachableException("a damaged image was taken");
        }
        catch (InvalidOperationException)
        {
            using var model = Trainer(ml, options =>
                (options.FeatureColumnName, options.UnreadableImages) = ("ImageBytes", UnreadableImages.Skip)).Fit(data);
        }
    }

    private static ResNetTrainer Trainer(MLContext ml, Action<ResNetTrainer.Options> change)
    {
        var options = new ResNetTrainer.Options
        {
            FeatureColumnName = "Pixels",
            ImageSize = 28,
            NumberOfEpochs = 1,
            Architecture = _network,
            Device = ComputeDevice.Cpu,
        };
        change(options);
        return ml.MulticlassClassification.Trainers.ResNet(options);
    }

    private static void SaveModel(string images, string zip)
    {
        var ml = new MLContext(1);
        var data = ml.Data.LoadFromImageFolder(images);
        using var model = Trainer(ml, options => options.FeatureColumnName = "ImageBytes").Fit(data);
        ml.Model.Save(model, data.Schema, zip);
    }

    // Two classes of noise; beside them the same with some images cut off.
    private static string WriteImages(string folder)
    {
        var random = new Random(1);
        for (var i = 0; i < 64; i++)
        {
            var pixels = new byte[4 * 40 * 40];
            random.NextBytes(pixels);
            foreach (var root in (string[])[folder, Path.Combine(folder, "..", "damaged")])
            {
                var file = Path.Combine(Directory.CreateDirectory(Path.Combine(root, i % 2 == 0 ? "even" : "odd")).FullName, $"{i}.png");
                MLImage.CreateFromPixels(40, 40, MLPixelFormat.Bgra32, pixels).Save(file);
                if (root != folder && i % 16 == 0)
                {
                    File.WriteAllBytes(file, File.ReadAllBytes(file)[..^2000]);
                }
            }
        }

        return folder;
    }

    private sealed class EncodedImage
    {
        public byte[] ImageBytes { get; set; } = [];
    }

    private sealed class Scored
    {
        public float[] Score { get; set; } = [];
    }
}
