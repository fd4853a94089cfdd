namespace ResNetMLNet.Training.Augmenting;

/// <summary>Which images are mirrored, left to right.</summary>
internal enum FlipKind
{
    None,

    /// <summary>Each with a coin of its own.</summary>
    Coin,

    /// <summary>In the first epoch each with a coin of its own, then every other epoch (Jordan, 2024).</summary>
    Alternating,
}

/// <summary>Random changes to images in numbers: how much of what <see cref="Augmentation"/> allows.</summary>
internal sealed record AugmentationPlan
{
    public FlipKind Flip { get; init; }

    /// <summary>Whether half of the images are turned upside down.</summary>
    public bool FlipsVertically { get; init; }

    /// <summary>The largest shift, as a share of the side; 0 for none.</summary>
    public double Shift { get; init; }

    /// <summary>Whether what a shift leaves free shows the image mirrored at its edge; else it is black.</summary>
    public bool Reflects { get; init; }

    /// <summary>How probable it is that a part of an image is erased; 0 for never.</summary>
    public double EraseProbability { get; init; }

    /// <summary>The least of the image that is erased, as a share of its area.</summary>
    public double EraseLeast { get; init; } = 0.02;

    /// <summary>The most of the image that is erased, as a share of its area.</summary>
    public double EraseMost { get; init; } = 0.4;

    /// <summary>The least height of the erased part for its width; the most is the reciprocal.</summary>
    public double EraseAspect { get; init; } = 0.3;

    /// <summary>Whether up to half of the erased part may lie beyond the edge.</summary>
    public bool ErasesBeyondEdges { get; init; }

    /// <summary>Whether the erased part is filled with random values; else it is black.</summary>
    public bool ErasesWithNoise { get; init; }

    /// <summary>The least of the image that a random crop shows, as a share of its area; null for no crops.</summary>
    public double? SmallestCrop { get; init; }

    /// <summary>By how many degrees an image is turned at most; 0 for none.</summary>
    public double Rotation { get; init; }

    /// <summary>
    /// By how much the factors of brightness, contrast and saturation differ from 1 at most; 0 for none. See <see cref="ColorJitter"/>.
    /// </summary>
    public double Jitter { get; init; }

    /// <summary>How probable it is that the images of a batch are blended in pairs; 0 for never. See <see cref="Mixing"/>.</summary>
    public double MixProbability { get; init; }

    /// <summary>
    /// How probable it is that the images of a batch have rectangles of each other; 0 for never. Together with
    /// <see cref="MixProbability"/> at most 1.
    /// </summary>
    public double CutProbability { get; init; }

    /// <summary>Whether images are mixed with each other.</summary>
    public bool Mixes => MixProbability > 0 || CutProbability > 0;

    /// <summary>Whether a pixel comes from another place or is overwritten: what <see cref="PixelChanges"/> does.</summary>
    public bool MovesPixels => Flip != FlipKind.None || FlipsVertically || Shift > 0 || EraseProbability > 0;

    /// <summary>Whether the network sees a part of an image, or the image turned: what <see cref="RandomAffine"/> does.</summary>
    public bool Resamples => SmallestCrop is not null || Rotation > 0;

    public bool ChangesImages => MovesPixels || Resamples || Jitter > 0 || Mixes;

    /// <summary>The numbers of what is allowed.</summary>
    public static AugmentationPlan Of(Augmentation allowed, double? smallestCrop = null, double? largestRotation = null)
    {
        var (shifts, crops) = (allowed.HasFlag(Augmentation.Shift), allowed.HasFlag(Augmentation.Crop));
        var (erases, wide) = (allowed.HasFlag(Augmentation.Erase), allowed.HasFlag(Augmentation.RandomErasing));
        var (blends, cuts) = (allowed.HasFlag(Augmentation.Mixup), allowed.HasFlag(Augmentation.CutMix));
        var plan = new AugmentationPlan
        {
            Flip = allowed.HasFlag(Augmentation.Flip) ? FlipKind.Coin : FlipKind.None,
            FlipsVertically = allowed.HasFlag(Augmentation.VerticalFlip),
            Shift = crops ? 1 / 8.0 : shifts ? 1 / 16.0 : 0,
            EraseProbability = erases || wide ? 0.5 : 0,
            ErasesWithNoise = wide,
            MixProbability = !blends ? 0 : cuts ? 0.5 : 1,
            CutProbability = !cuts ? 0 : blends ? 0.5 : 1,
            SmallestCrop = allowed.HasFlag(Augmentation.RandomResizedCrop) ? smallestCrop ?? RandomAffine.UsualCrop : null,
            Rotation = allowed.HasFlag(Augmentation.Rotation) ? largestRotation ?? RandomAffine.UsualRotation : 0,
            Jitter = allowed.HasFlag(Augmentation.ColorJitter) ? ColorJitter.Usual : 0,
        };

        // A square of a quarter of the side.
        return wide ? plan : plan with { EraseLeast = 1 / 16.0, EraseMost = 1 / 16.0, EraseAspect = 1, ErasesBeyondEdges = true };
    }

    // Part of a training's identity: the same in every culture.
    public override string ToString() => FormattableString.Invariant($"flip {Flip}, shift {Shift}{(Reflects ? " reflecting" : "")}, ")
        + FormattableString.Invariant($"erase {EraseProbability} of {EraseLeast} to {EraseMost}, aspect {EraseAspect}")
        + (ErasesBeyondEdges ? ", beyond edges" : "") + (ErasesWithNoise ? ", noise" : "")
        + FormattableString.Invariant($", crops {SmallestCrop}")
        + (FlipsVertically ? ", vertical flip" : "")
        + (Rotation > 0 ? FormattableString.Invariant($", rotation {Rotation}") : "")
        + (Jitter > 0 ? FormattableString.Invariant($", jitter {Jitter}") : "")
        + (MixProbability > 0 ? FormattableString.Invariant($", mix {MixProbability}") : "")
        + (CutProbability > 0 ? FormattableString.Invariant($", cut {CutProbability}") : "");
}
