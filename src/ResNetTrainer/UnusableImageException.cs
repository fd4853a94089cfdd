namespace ResNetMLNet;

/// <summary>
/// An image of the data cannot be used, in training or in scoring: damaged, cut off, too large, gone, not permitted, none at all, or not
/// what the network takes.
/// </summary>
/// <remarks>
/// What steps of ML.NET before the network read themselves, they fail in with errors of their own; and where ML.NET reads rows in
/// parallel, this is an inner exception of what it throws.
/// </remarks>
public sealed class UnusableImageException : InvalidOperationException
{
    internal UnusableImageException(string message, string? fileName, bool isUnreadable, Exception? cause = null)
        : base(message, cause) => (FileName, IsUnreadable) = (fileName, isUnreadable);

    /// <summary>The file, as the data names it; null where it does not.</summary>
    public string? FileName { get; }

    /// <summary>Whether the image cannot be read, which <see cref="UnreadableImages.Skip"/> leaves out.</summary>
    internal bool IsUnreadable { get; }
}
