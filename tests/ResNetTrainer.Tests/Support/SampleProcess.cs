using System.Diagnostics;

namespace ResNetMLNet.Tests.Support;

/// <summary>The sample as its users start it: a process of its own, and a folder of images for it.</summary>
internal static class SampleProcess
{
    /// <summary>Writes 30 images of 20x20 into a folder, with a sub-folder for each class.</summary>
    public static void WriteImages(string folder)
    {
        foreach (var (name, index) in Images.ClassNames.Select((name, index) => (name, index)))
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
            for (var row = index; row < 30; row += PixelPattern.Classes)
            {
                Images.Image(row, 3, 20).Save(Path.Combine(folder, name, $"{row}.png"));
            }
        }
    }

    /// <param name="arguments">The command line.</param>
    /// <param name="folder">The working directory; null for the tests' own.</param>
    public static Process Start(string[] arguments, string? folder = null) => Process.Start(
        new ProcessStartInfo("dotnet", [typeof(ResNetMLNet.Sample.FashionMnistDownload).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        })!;
}
