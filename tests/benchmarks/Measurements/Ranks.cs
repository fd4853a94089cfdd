using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>One training in several processes of this machine, of a thread each, against one process.</summary>
internal static class Ranks
{
    private const int Epochs = 3;
    private const int Steps = 8;

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
        var batch = new Option<int>("--batch-size") { Description = "Images a step of a process.", DefaultValueFactory = _ => 64 };
        var size = new Option<int>("--image-size") { DefaultValueFactory = _ => 64 };
        var mpirun = new Option<string>("--mpirun") { DefaultValueFactory = _ => "mpirun.mpich" };
        var command = new Command("ranks", "Images a second of a training in two processes, against one of one thread and one of two.")
        {
            rounds, batch, size, mpirun,
        };
        command.SetAction(parsed =>
        {
            double Speed(int processes, int threads) =>
                Run(parsed.GetValue(mpirun)!, processes, threads, parsed.GetValue(batch), parsed.GetValue(size));
            InTurn.Run(
                new Dictionary<string, Func<double>>
                {
                    ["1 rank x 1 thread"] = () => Speed(1, 1),
                    ["2 ranks x 1 thread"] = () => Speed(2, 1),
                    ["1 rank x 2 threads"] = () => Speed(1, 2),
                },
                parsed.GetValue(rounds),
                "images/s");
        });
        return command;
    }

    // The median of the epochs after the first.
    private static double Run(string mpirun, int processes, int threads, int batch, int size)
    {
        string[] program = ["dotnet", typeof(Ranks).Assembly.Location];
        string[] command = processes == 1 ? program : [mpirun, "-np", Text(processes), .. program];
        using var process = Process.Start(new ProcessStartInfo(command[0],
        [
            .. command[1..], "fit", "--images", Text(Steps * batch * processes), "--epochs", Text(Epochs), "--batch-size", Text(batch),
            "--image-size", Text(size), "--threads", Text(threads),
        ])
        { RedirectStandardOutput = true })!;
        var json = process.StandardOutput.ReadLine()!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        using var run = JsonDocument.Parse(json);
        return run.RootElement.GetProperty("imagesPerSecond").EnumerateArray().Skip(1).Select(each => each.GetDouble()).Order()
            .ElementAt((Epochs - 1) / 2);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
