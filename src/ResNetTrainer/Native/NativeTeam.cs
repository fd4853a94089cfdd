using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>
/// The threads that compute for one caller of libtorch, fewer of them while other programs want the processors too. They wait,
/// spinning, for each other many times a step: where one is not running all stand still, and a training beside one busy program takes
/// ten times as long and more, while with a thread less it keeps its share (docs/BENCHMARKS.md, "Beside other programs").
/// </summary>
/// <remarks>
/// The kernel tells how long each thread has waited for a processor (/proc/PID/task/TID/schedstat), so on Linux only. OpenMP
/// starts a team of threads for each thread that calls it; they inherit its name, by which they are found. So the work is done on a
/// thread of its own.
/// </remarks>
internal sealed class NativeTeam
{
    // Alone, a thread of a training waits for 2 to 12% of the time; beside one busy program on two cores for 55%.
    private const double WaitsOfContended = 0.3;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);
    private static int _teams;

    [ThreadStatic]
    private static NativeTeam? _current;

    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"resnet-{Interlocked.Increment(ref _teams)}");
    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();
    private readonly Stopwatch _sinceChange = Stopwatch.StartNew();
    private Dictionary<string, double> _waited = [];
    private double _idle = Idle();
    private TimeSpan _patience = TimeSpan.FromSeconds(4);

    private NativeTeam()
    {
    }

    /// <summary>Does work on a thread of its own and waits for it; what it throws comes out.</summary>
    public static T Run<T>(Func<T> work)
    {
        var team = new NativeTeam();
        var (result, error) = (default(T), default(ExceptionDispatchInfo));
        var thread = new Thread(() =>
        {
            _current = team;
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                error = ExceptionDispatchInfo.Capture(e);
            }
        })
        { Name = team._name, IsBackground = true };
        thread.Start();
        thread.Join();
        error?.Throw();
        return result!;
    }

    /// <summary>
    /// Lets fewer threads compute where they are kept waiting for processors, and more again where processors are idle. To be
    /// called between steps: costs nothing mostly. With another number of threads the last bits of sums are others.
    /// </summary>
    /// <param name="most">The number where nobody else wants the processors.</param>
    /// <param name="log">Is told of a change.</param>
    public static void Adapt(int most, Action<string> log)
    {
        if (OperatingSystem.IsLinux() && _current is { } team && team._sinceLast.Elapsed > Interval)
        {
            team.AdaptTo(most, log);
            team._sinceLast.Restart();
        }
    }

    private void AdaptTo(int most, Action<string> log)
    {
        var seconds = _sinceLast.Elapsed.TotalSeconds;
        var (waited, idle, threads) = (Waited(), Idle(), torch.get_num_threads());
        var waits = waited.Select(thread => (thread.Value - _waited.GetValueOrDefault(thread.Key)) / seconds).ToArray();
        var free = (idle - _idle) / seconds;
        (_waited, _idle) = (waited, idle);
        if (threads > 1 && waits.Length > 0 && waits.Max() > WaitsOfContended)
        {
            // One that finds no room again soon tries less often.
            _patience = _sinceChange.Elapsed < 2 * _patience ? Min(2 * _patience, TimeSpan.FromMinutes(2)) : TimeSpan.FromSeconds(4);
            Change(Math.Max(1, threads - Math.Max(1, (int)Math.Round(waits.Sum()))), "other programs want the processors");
        }
        else if (threads < most && free > 0.8 && _sinceChange.Elapsed > _patience)
        {
            Change(Math.Min(most, threads + (int)Math.Round(free)), "processors are idle");
        }

        void Change(int count, string why)
        {
            torch.set_num_threads(count);
            _sinceChange.Restart();
            log($"{why}: {count} of {most} threads compute from now on; set Threads to keep one number, and the same bits");
        }
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    // The seconds that each thread of the team has waited for a processor so far: the second number of schedstat, in nanoseconds.
    private Dictionary<string, double> Waited()
    {
        var waited = new Dictionary<string, double>();
        foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(task, "comm")).TrimEnd() == _name
                    && File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ') is [var ran, var waits, ..] && ran != "0")
                {
                    waited.Add(task, double.Parse(waits, CultureInfo.InvariantCulture) / 1e9);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile, or the kernel keeps no such figures.
            }
        }

        return waited;
    }

    // The seconds that the processors of the machine have been idle so far, all together: the fourth number of /proc/stat, in hundredths.
    private static double Idle()
    {
        try
        {
            var figures = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return double.Parse(figures[4], CultureInfo.InvariantCulture) / 100;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return 0;
        }
    }
}
