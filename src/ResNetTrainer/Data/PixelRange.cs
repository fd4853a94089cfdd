using ResNetMLNet.Data.Columns;

namespace ResNetMLNet.Data;

/// <summary>Between which values pixels are, as the network sees them; zero is always one of them.</summary>
/// <param name="Smallest">0 or less; null where only the largest is known, as of models that earlier versions trained.</param>
/// <param name="Largest">0 or more.</param>
internal readonly record struct PixelRange(float? Smallest, float Largest)
{
    /// <summary>Where no pixel has been seen, or black ones alone.</summary>
    public static PixelRange Black { get; } = new(0, 0);

    /// <summary>What bytes and images are scaled to.</summary>
    public static PixelRange OfImages { get; } = new(0, 1);

    /// <summary>Whether all pixels are zero, as far as is known.</summary>
    public bool IsBlack => Largest == 0 && Smallest is null or 0;

    /// <summary>That of a column; null where floats are whatever they are.</summary>
    public static PixelRange? Of(FeatureKind kind) => kind == FeatureKind.Floats ? null : OfImages;

    /// <summary>That of weights which came with statistics of pixels in [0, 1]; null without.</summary>
    public static PixelRange? Of(PixelStatistics? statistics) => statistics is null ? null : OfImages;

    /// <summary>What is in this one or in another.</summary>
    public PixelRange With(PixelRange other) => new(
        Smallest is { } one && other.Smallest is { } two ? Math.Min(one, two) : null, Math.Max(Largest, other.Largest));

    public override string ToString() => Smallest < 0
        ? FormattableString.Invariant($"{Smallest} to {Largest}")
        : FormattableString.Invariant($"up to {Largest}");
}
