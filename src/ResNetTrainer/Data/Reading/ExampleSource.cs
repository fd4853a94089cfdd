using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.MLNet;

namespace ResNetMLNet.Data.Reading;

/// <summary>Labelled images of a data view, to be read any number of times.</summary>
/// <param name="Host">The trainer.</param>
/// <param name="Data">The data view.</param>
/// <param name="Columns">Its columns of images, labels and weights.</param>
/// <param name="Format">What the network sees.</param>
/// <param name="Cancellation">That of the training.</param>
internal sealed record ExampleSource(
    IHost Host, IDataView Data, TrainingColumns Columns, InputFormat Format, CancellationToken Cancellation)
{
    /// <summary>What errors call the data that is trained on.</summary>
    public const string TrainingTitle = "data";

    /// <summary>What errors call it.</summary>
    public string Title { get; init; } = TrainingTitle;

    /// <summary>What is done with images that cannot be read.</summary>
    public UnreadableImages Unreadable { get; init; }

    /// <summary>Called with the number of rows so far while they are read for the first time, after each of them.</summary>
    public Action<long>? OnRead { get; init; }

    /// <summary>
    /// Whether a cancelled training ends the reading; not where several processes decide together, between steps, that they stop.
    /// </summary>
    public bool StopsWhenCancelled { get; init; } = true;

    /// <summary>Whether the training is cancelled.</summary>
    public bool IsCancelled => Cancellation.IsCancellationRequested || Host.IsCancelled();

    /// <summary>Whether the reading is to end.</summary>
    public bool IsStopped => StopsWhenCancelled && IsCancelled;

    /// <summary>The error where a later pass has more images than the first: rows that have come, say.</summary>
    /// <param name="count">How many there were.</param>
    public Exception More(long count) => Host.Error(Changed(count, "more"));

    /// <summary>The error where a later pass has fewer images than the first: files that are gone, say.</summary>
    /// <param name="missing">How many fewer.</param>
    /// <param name="count">How many there were.</param>
    /// <param name="unreadable">Those that could not be read in this pass, and why.</param>
    public Exception Fewer(long missing, long count, IReadOnlyList<string> unreadable) => Host.Error(
        Changed(count, $"{missing} fewer") + (unreadable.Count > 0 ? $" The last that cannot be read: {unreadable[^1]}" : ""));

    /// <summary>A cursor over them.</summary>
    /// <param name="shuffle">For an order of the data view's own; null for as they come.</param>
    /// <param name="isWanted">Which of them, by number; null for all.</param>
    public ExampleReader Read(Random? shuffle = null, Func<long, bool>? isWanted = null)
    {
        var cursor = Data.GetRowCursor(Columns.All, shuffle);
        try
        {
            return new(this, cursor) { IsWanted = isWanted };
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
    }

    /// <summary>Ends the reading where it is to end.</summary>
    /// <exception cref="OperationCanceledException">The training is cancelled.</exception>
    public void ThrowIfStopped()
    {
        if (IsStopped)
        {
            Cancellation.ThrowIfCancellationRequested();
            Host.ThrowIfCancelled();
        }
    }

    private string Changed(long count, string now) =>
        $"The {Title} had {count} images when it was read first, and has {now} now: it must stay as it is while it is trained on.";
}
