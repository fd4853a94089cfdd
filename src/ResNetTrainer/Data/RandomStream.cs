namespace ResNetMLNet.Data;

/// <summary>
/// Random numbers that depend on nothing but a seed and what they are for. Nobody's state is read or changed, and
/// nothing has to be saved in order to go on: a stream is derived anew from (seed, purpose, epoch, step).
/// </summary>
internal static class RandomStream
{
    /// <summary>A seed for a purpose: the same for the same arguments, unrelated for others.</summary>
    public static long Derive(long seed, params ReadOnlySpan<long> path)
    {
        var state = Mix((ulong)seed);
        foreach (var step in path)
        {
            state = Mix(state ^ Mix((ulong)step + 0x9E3779B97F4A7C15));
        }

        return (long)state;
    }

    public static Random Create(long seed) => new((int)Derive(seed));

    // The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
