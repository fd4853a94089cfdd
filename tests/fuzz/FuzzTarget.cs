namespace ResNetMLNet.Fuzz;

/// <summary>A reader of files that may be damaged.</summary>
/// <param name="Name">What it reads.</param>
/// <param name="Seeds">Whole files, which it reads without an error.</param>
/// <param name="Read">Reads a file; whatever it opens, it closes.</param>
/// <param name="Refuses">Whether an exception is one that it may refuse a file with.</param>
internal sealed record FuzzTarget(string Name, byte[][] Seeds, Action<byte[]> Read, Func<Exception, bool> Refuses)
{
    /// <summary>The managed memory that reading a file may take, besides a multiple of its size.</summary>
    public long MostBytes { get; init; } = 8 << 20;

    public long MostBytesFor(byte[] file) => MostBytes + (32L * file.Length);
}
