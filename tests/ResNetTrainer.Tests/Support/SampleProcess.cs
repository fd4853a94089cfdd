using System.Diagnostics;
using System.Reflection;
using ResNetMLNet.Sample.Images;

namespace ResNetMLNet.Tests.Support;

/// <summary>The sample as its users start it, in a process of its own or in this one, and a folder of images for it.</summary>
internal static class SampleProcess
{
    private static readonly Assembly _program = typeof(FashionMnistDownload).Assembly;

    /// <summary>The file of the program.</summary>
    public static string Program => _program.Location;

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
    /// <param name="environment">Variables for it.</param>
    public static Process Start(string[] arguments, string? folder = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [_program.Location, .. arguments]) { WorkingDirectory = folder ?? "" };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Programs.Start(start);
    }

    /// <summary>Runs the sample to its end in a process of its own.</summary>
    public static ProgramRun Run(string[] arguments, string? folder = null)
    {
        using var process = Start(arguments, folder);
        return Programs.End(process);
    }

    /// <summary>Runs the sample by a line of a Unix shell, in which "$@" is the sample with its arguments.</summary>
    public static ProgramRun RunInShell(string line, params string[] arguments) =>
        Programs.Run(new("sh", ["-c", line, "sh", "dotnet", _program.Location, .. arguments]));

    /// <summary>Runs the sample to its end in this process, which is quick.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="output">Standard output; null for one that is only returned.</param>
    public static ProgramRun RunHere(string[] arguments, TextWriter? output = null)
    {
        var (usualOutput, usualError) = (Console.Out, Console.Error);
        var (written, error) = (output ?? new StringWriter(), new StringWriter());
        Console.SetOut(written);
        Console.SetError(error);
        try
        {
            var status = (int)_program.EntryPoint!.Invoke(null, [arguments])!;
            return new(status, written.ToString()!, error.ToString());
        }
        finally
        {
            Console.SetOut(usualOutput);
            Console.SetError(usualError);
        }
    }
}
