namespace ResNetMLNet.Distributed;

/// <summary>The part of each batch that one of several processes takes: as many images as the others, or one less.</summary>
internal readonly record struct Share(int Rank, int Size)
{
    public static Share Whole { get; } = new(0, 1);

    /// <summary>
    /// Where the part of so many images begins, and how many it has. The first processes have one more, so that of fewer images none has
    /// more than of many: the last batch of a pass takes no process longer than another.
    /// </summary>
    public (int Start, int Count) Of(int images)
    {
        var (each, rest) = Math.DivRem(images, Size);
        return ((each * Rank) + Math.Min(Rank, rest), Rank < rest ? each + 1 : each);
    }
}
