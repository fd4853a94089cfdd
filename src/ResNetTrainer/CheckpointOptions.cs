namespace ResNetMLNet;

/// <summary>
/// Checkpoints, from which training goes on exactly (see <see cref="Resume"/>). One is written every <see cref="Epochs"/>, and however
/// training ends.
/// </summary>
public sealed record CheckpointOptions
{
    /// <summary>
    /// The folder; made where it does not exist. One training at a time: while it runs, another one in the folder is an error.
    /// </summary>
    public required string Directory { get; init; }

    /// <summary>Epochs from one checkpoint to the next. Default: 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Minutes after which a checkpoint is written within an epoch too; null: only after epochs.</summary>
    public double? Minutes { get; init; }

    /// <summary>How many are kept, the newest. Default: 3.</summary>
    public int Kept { get; init; } = 3;

    /// <summary>
    /// Goes on from the newest checkpoint in <see cref="Directory"/>, or starts at the beginning where there is none. On the CPU the
    /// model is the same to the bit as if training had never been interrupted (beside other busy programs only where
    /// <see cref="ResNetTrainer.Options.Threads"/> says how many compute). A checkpoint of other data, options, or number of
    /// threads is refused.
    /// Default: false; checkpoints that are there already are then an error.
    /// </summary>
    public bool Resume { get; init; }
}
