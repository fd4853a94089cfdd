using System.Diagnostics;

namespace ResNetMLNet.Fuzz;

/// <summary>Lets a reader read damaged files, and fails at the first that it neither reads nor refuses, or that costs too much.</summary>
internal sealed class FuzzRun(FuzzTarget target, int seed)
{
    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(30);

    private readonly Mutator _mutator = new(target.Seeds, seed);
    private int _current;
    private long _started;

    /// <summary>Reads files from a number on.</summary>
    /// <param name="first">The number of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="passed">Is told, now and then, how many were read.</param>
    /// <exception cref="FuzzException">A file was read as it should not.</exception>
    public FuzzResult Run(int first, int count, Action<int> passed)
    {
        using var watch = new Timer(_ => EndIfItHangs(), null, _longest, _longest);
        foreach (var whole in target.Seeds)
        {
            target.Read(whole);
        }

        var result = new FuzzResult(target.Name, count, 0, 0, 0);
        for (var number = first; number < first + count; number++)
        {
            if (number % 64 == 0)
            {
                passed(number);
            }

            (_current, _started) = (number, Stopwatch.GetTimestamp());
            var (refused, bytes) = Read(number);
            result = result with
            {
                Refused = result.Refused + (refused ? 1 : 0),
                SlowestMilliseconds = Math.Max(result.SlowestMilliseconds, Stopwatch.GetElapsedTime(_started).TotalMilliseconds),
                MostBytes = Math.Max(result.MostBytes, bytes),
            };
        }

        _started = 0;
        return result;
    }

    private (bool Refused, long Bytes) Read(int number)
    {
        var file = _mutator.File(number);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refused = false;
        try
        {
            target.Read(file);
        }
        catch (Exception e) when (target.Refuses(e))
        {
            refused = true;
        }
        catch (Exception e)
        {
            throw new FuzzException($"{target.Name}: file {number} of seed {seed} ends in {e}");
        }

        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        return bytes <= target.MostBytesFor(file)
            ? (refused, bytes)
            : throw new FuzzException(
                $"{target.Name}: file {number} of seed {seed}, of {file.Length:N0} bytes, takes {bytes:N0} bytes of memory");
    }

    // Nothing can stop a thread: the process ends instead.
    private void EndIfItHangs()
    {
        if (_started != 0 && Stopwatch.GetElapsedTime(_started) > _longest)
        {
            Console.Error.WriteLine($"{target.Name}: file {_current} of seed {seed} is not read in {_longest.TotalSeconds} seconds");
            Environment.Exit(2);
        }
    }
}

/// <summary>What reading came to.</summary>
/// <param name="Target">The reader.</param>
/// <param name="Files">The files that were read.</param>
/// <param name="Refused">Those that were refused, as they may be.</param>
/// <param name="SlowestMilliseconds">The longest that a file took.</param>
/// <param name="MostBytes">The most managed memory that a file took.</param>
internal sealed record FuzzResult(string Target, int Files, int Refused, double SlowestMilliseconds, long MostBytes);

/// <summary>A file that was read as it should not.</summary>
internal sealed class FuzzException(string message) : Exception(message);
