namespace ResNetMLNet;

/// <summary>
/// An image cannot be read, in training or in scoring: damaged, cut off, too large, gone, not permitted, or none at all. What
/// <see cref="UnreadableImages.Skip"/> leaves out.
/// </summary>
/// <remarks>Where ML.NET reads rows in parallel, it is an inner exception of what ML.NET throws.</remarks>
public sealed class UnreadableImageException : InvalidOperationException
{
    internal UnreadableImageException(string message, string? fileName, Exception? cause = null)
        : base(message, cause) => FileName = fileName;

    /// <summary>The file, as the data names it; null where it does not.</summary>
    public string? FileName { get; }
}
