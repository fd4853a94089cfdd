namespace ResNetMLNet.Scoring;

/// <summary>
/// The image of the row that a cursor stands on, and what the network makes of it; both computed when they are asked for.
/// </summary>
internal interface IComputedRow
{
    /// <summary>The image as the network sees it: (channels, height, width).</summary>
    ReadOnlySpan<float> Image { get; }

    /// <summary>What a scorer makes of it.</summary>
    ReadOnlySpan<float> Values { get; }
}
