using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using SkiaSharp;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>The sample's web service with a ResNet-18 under load: errors, latencies and memory.</summary>
internal static class WebLoad
{
    private const string Listening = "Now listening on: ";

    public static Command Create()
    {
        var program = new Option<string>("--program") { Description = "WebApi.dll, published.", Required = true };
        var clients = new Option<int>("--clients") { DefaultValueFactory = _ => 8 };
        var requests = new Option<int>("--requests") { DefaultValueFactory = _ => 10_000 };
        var size = new Option<int>("--image-size") { DefaultValueFactory = _ => 96 };
        var command = new Command("web", "Requests of several clients at once to the sample's web service.")
        {
            program, clients, requests, size,
        };
        command.SetAction(async parsed =>
        {
            var folder = Directory.CreateTempSubdirectory("resnet-web-").FullName;
            try
            {
                var model = Path.Combine(folder, "model.zip");
                Train(model, folder, parsed.GetValue(size));
                await Run(parsed.GetValue(program)!, model, parsed.GetValue(clients), parsed.GetValue(requests));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static void Train(string model, string folder, int size)
    {
        foreach (var name in (string[])["first", "second"])
        {
            var images = Directory.CreateDirectory(Path.Combine(folder, "images", name)).FullName;
            for (var i = 0; i < 8; i++)
            {
                File.WriteAllBytes(Path.Combine(images, $"{i}.png"), Image(name == "first" ? i : 100 + i, 64));
            }
        }

        var ml = new MLContext(1);
        var data = ml.Data.LoadFromImageFolder(Path.Combine(folder, "images"));
        using var trained = ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
        {
            FeatureColumnName = "ImageBytes",
            Architecture = ResNetArchitecture.ResNet18,
            ImageSize = size,
            NumberOfEpochs = 1,
        }).Fit(data);
        ml.Model.Save(trained, data.Schema, model);
    }

    private static async Task Run(string program, string model, int clients, int requests)
    {
        using var service = Process.Start(new ProcessStartInfo(
            "dotnet", [program, "--urls", "http://127.0.0.1:0", "--Model", model, "--environment", "Production"])
        { RedirectStandardOutput = true })!;
        try
        {
            string line;
            while (!(line = (await service.StandardOutput.ReadLineAsync())!).Contains(Listening, StringComparison.Ordinal))
            {
            }

            _ = service.StandardOutput.ReadToEndAsync();
            var address = line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..];
            using var client = new HttpClient { BaseAddress = new(address) };
            var image = Image(1, 256);
            await Send(client, image, clients, requests / 10);
            var before = Memory(service);
            var watch = Stopwatch.StartNew();
            var (latencies, errors) = await Send(client, image, clients, requests);
            var seconds = watch.Elapsed.TotalSeconds;
            Array.Sort(latencies);
            Console.WriteLine("| requests | errors | a second | median, ms | 99%, ms | longest, ms | memory before, MB | after, MB |");
            Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
            Console.WriteLine(
                $"| {requests} | {errors} | {requests / seconds:F0} | {latencies[requests / 2]:F1} | {latencies[requests * 99 / 100]:F1} | "
                + $"{latencies[^1]:F1} | {before / 1e6:F0} | {Memory(service) / 1e6:F0} |");
        }
        finally
        {
            service.Kill();
        }
    }

    private static async Task<(double[] Latencies, int Errors)> Send(HttpClient client, byte[] image, int clients, int requests)
    {
        var (latencies, errors, next) = (new double[requests], 0, 0);
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            for (int number; (number = Interlocked.Increment(ref next) - 1) < requests;)
            {
                var began = Stopwatch.GetTimestamp();
                using var response = await client.PostAsync("classify", new ByteArrayContent(image));
                await response.Content.ReadAsByteArrayAsync();
                latencies[number] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                if (!response.IsSuccessStatusCode)
                {
                    Interlocked.Increment(ref errors);
                }
            }
        })));
        return (latencies, errors);
    }

    private static long Memory(Process process)
    {
        process.Refresh();
        return process.WorkingSet64;
    }

    private static byte[] Image(int seed, int side)
    {
        using var bitmap = new SKBitmap(side, side);
        var random = new Random(seed);
        for (var y = 0; y < side; y++)
        {
            for (var x = 0; x < side; x++)
            {
                bitmap.SetPixel(x, y, new((byte)random.Next(seed + 20), (byte)(x * 255 / side), (byte)(y * 255 / side)));
            }
        }

        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }
}
