namespace ResNetMLNet;

/// <summary>
/// What becomes of an image that cannot be read: damaged, cut off, too large, gone or not permitted. In training by <see
/// cref="ResNetTrainer.Options.UnreadableImages"/>, in scoring by <see cref="ResNetTransformer.WithUnreadableImages"/>.
/// </summary>
public enum UnreadableImages
{
    /// <summary><c>Fit</c>, or the reading of scores, ends with an error that names it.</summary>
    Fail,

    /// <summary>It is left out, of the training as of the validation set, and has no scores; the log lists each with its reason.</summary>
    /// <remarks>
    /// A file that is gone or not permitted can be left out where the trainer reads it (<c>LoadFromImageFolder</c>, with steps behind it
    /// or without), and not where a thread of ML.NET's does: behind <c>LoadRawImageBytes</c>, and behind <c>ShuffleRows</c> with its usual
    /// pool, for which <c>shufflePoolSize: 1</c> is a remedy. Where images do not fit into memory and are read again in each epoch, one
    /// that was read first and cannot be read later ends the training.
    /// </remarks>
    Skip,
}
