using System.CommandLine;

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
        var run = FitRun.Start(
            processes == 1 ? [] : [mpirun, "-np", $"{processes}"],
            ("--images", Steps * batch * processes),
            ("--epochs", Epochs),
            ("--batch-size", batch),
            ("--image-size", size),
            ("--threads", threads));
        return InTurn.Median(run.ImagesPerSecond.Skip(1));
    }
}
