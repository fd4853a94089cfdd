using System.CommandLine;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Images per second and peak memory as the number of images and their size grow.</summary>
internal static class Growth
{
    public static Command Create()
    {
        var data = FullData.Option();
        var seconds = new Option<int>("--seconds") { Description = "About how long a row may take.", DefaultValueFactory = _ => 60 };
        var command = new Command("growth", "Images per second and peak memory by number and size of images.") { data, seconds };
        command.SetAction(parsed =>
        {
            Console.WriteLine("| images | size | images/s, second epoch | peak memory, MB | memory after epochs 1 and 2, MB |");
            Console.WriteLine("| --- | --- | --- | --- | --- |");
            foreach (var images in (int[])[1_000, 10_000, 60_000])
            {
                Row(parsed.GetValue(data)!, images, 28);
            }

            foreach (var size in (int[])[64, 96, 128, 224])
            {
                // As many images as the time allows, at the speed of 28x28 scaled by the number of pixels.
                var images = Math.Clamp(parsed.GetValue(seconds) * 1000 * 28 * 28 / (2 * size * size) / 256 * 256, 256, 60_000);
                Row(parsed.GetValue(data)!, images, size);
            }
        });
        return command;
    }

    private static void Row(string data, int images, int size)
    {
        var run = FitRun.Start(("--data", data), ("--images", images), ("--image-size", size), ("--epochs", 2), ("--batch-size", 256));
        Console.WriteLine(
            $"| {images:N0} | {size} | {run.ImagesPerSecond[1]:F0} | {run.PeakMemoryBytes / 1e6:F0} | "
                        + $"{string.Join(", ", run.MemoryBytes.Select(bytes => $"{bytes / 1e6:F0}"))} |");
    }
}
