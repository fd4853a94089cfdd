namespace ResNetMLNet.Distributed;

/// <summary>The part of each batch that one of several processes takes: as many images as the others, or one less.</summary>
internal readonly record struct Share(int Rank, int Size)
{
    public static Share Whole { get; } = new(0, 1);

    /// <summary>Where the part of so many images begins, and how many it has.</summary>
    public (int Start, int Count) Of(int images)
    {
        var start = (int)((long)images * Rank / Size);
        return (start, (int)((long)images * (Rank + 1) / Size) - start);
    }
}
