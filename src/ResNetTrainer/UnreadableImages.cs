namespace ResNetMLNet;

/// <summary>What training does with an image that cannot be read: damaged, cut off, too large, gone or not permitted.</summary>
public enum UnreadableImages
{
    /// <summary><c>Fit</c> ends with an error that names it.</summary>
    Fail,

    /// <summary>It is left out, of the training as of the validation set; the log lists each with its reason and counts them.</summary>
    Skip,
}
