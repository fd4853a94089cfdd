using System.Diagnostics;
using System.Globalization;
using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>
/// The threads that compute for one caller of libtorch, fewer of them while other programs want the processors too. They wait,
/// spinning, for each other many times a step: where one is not running all stand still, and a training beside one busy program takes
/// ten times as long and more, while with a thread less it keeps its share (docs/BENCHMARKS.md, "Beside other programs").
/// </summary>
/// <remarks>
/// The kernel tells how long each thread has waited for a processor (/proc/PID/task/TID/schedstat), so on Linux only. OpenMP
/// starts a team of threads for each thread that calls it; they inherit its name at that moment, by which they are found. A training
/// has no thread of its own, since glibc keeps large tensors on the first of a process only (see <see cref="NativeHeap"/>).
/// </remarks>
internal sealed class NativeTeam
{
    // Alone, a thread of a training waits for 2 to 12% of the time; beside one busy program on two cores for 55%.
    private const double WaitsOfContended = 0.3;

    // libtorch shares loops over more than 32,768 elements.
    private const int LongLoop = 1 << 17;

    private const string OwnName = "/proc/thread-self/comm";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    [ThreadStatic]
    private static NativeTeam? _current;

    // The same each time for one thread: what OpenMP has started for it stays with it.
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"resnet-{Environment.CurrentManagedThreadId}");
    private readonly string? _caller = Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget);
    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();
    private readonly Stopwatch _sinceChange = Stopwatch.StartNew();
    private Dictionary<string, double> _waited = [];
    private double _idle = Idle();
    private TimeSpan _patience = TimeSpan.FromSeconds(4);

    private NativeTeam()
    {
    }

    /// <summary>
    /// Starts the threads that compute for the calling thread, as many as are set, for <see cref="Adapt"/> to look after until the
    /// result is disposed, on the same thread.
    /// </summary>
    public static IDisposable Start()
    {
        var outer = _current;
        _current = OperatingSystem.IsLinux() ? new() : null;
        _current?.Begin();
        return new OnDispose(() => _current = outer);
    }

    /// <summary>
    /// Lets fewer threads compute where they are kept waiting for processors, and more again where processors are idle. To be
    /// called between steps: costs nothing mostly. With another number of threads the last bits of sums are others.
    /// </summary>
    /// <param name="most">The number where nobody else wants the processors.</param>
    /// <param name="log">Is told of a change.</param>
    public static void Adapt(int most, Action<string> log)
    {
        if (_current is { } team && team._sinceLast.Elapsed > Interval)
        {
            team.AdaptTo(most, log);
            team._sinceLast.Restart();
        }
    }

    // The threads may have waited before, for another work.
    private void Begin()
    {
        StartThreads();
        _waited = Waited();
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
            StartThreads();
            _sinceChange.Restart();
            log($"{why}: {count} of {most} threads compute from now on; set Threads to keep one number, and the same bits");
        }
    }

    // OpenMP starts those that are missing at the next loop that is long enough to be shared.
    private void StartThreads()
    {
        try
        {
            var own = File.ReadAllText(OwnName).TrimEnd();
            File.WriteAllText(OwnName, _name);
            try
            {
                torch.ones(LongLoop).Dispose();
            }
            finally
            {
                File.WriteAllText(OwnName, own);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then what the caller waits for has to do.
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
                if ((Path.GetFileName(task) == _caller || File.ReadAllText(Path.Combine(task, "comm")).TrimEnd() == _name)
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
