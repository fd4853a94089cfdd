using Microsoft.ML.Runtime;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Scoring;

/// <summary>What becomes of rows whose image cannot be read: an error, or scores that are no numbers.</summary>
internal sealed class UnreadableRows(IHost host, UnreadableImages choice)
{
    /// <summary>Whether a row that fails in this way has no scores instead.</summary>
    public bool AreSkipped(Exception error) =>
        choice == UnreadableImages.Skip && error is UnusableImageException { IsUnreadable: true };

    /// <summary>Says that a row has no scores, and why.</summary>
    public void Skip(Exception error, Span<float> image)
    {
        // It goes through the network with the others of its batch, and what comes of it is not looked at.
        image.Clear();
        using var channel = host.OpenChannel("Scoring");
        channel.Warn($"A row has no scores. {error.Message}");
    }
}
