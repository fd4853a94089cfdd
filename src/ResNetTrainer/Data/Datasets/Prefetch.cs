using System.Collections.Concurrent;

namespace ResNetMLNet.Data.Datasets;

/// <summary>Prepares the next batches on a thread of their own while the current one is trained on.</summary>
internal static class Prefetch
{
    private const int Ahead = 2;

    /// <summary>
    /// The same batches in the same order; an error comes where it would have come. Batches that nobody takes are disposed.
    /// </summary>
    public static IEnumerable<ImageBatch> Of(IEnumerable<ImageBatch> batches)
    {
        using var stop = new CancellationTokenSource();
        using var ready = new BlockingCollection<ImageBatch>(Ahead);

        // On the scheduler of the process: that of the caller may have one thread, which waits here.
        var producer = Task.Factory.StartNew(
            () => Produce(batches, ready, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (var batch in ready.GetConsumingEnumerable())
            {
                yield return batch;
            }

            producer.GetAwaiter().GetResult();
        }
        finally
        {
            stop.Cancel();
            Task.WaitAny(producer);
            foreach (var batch in ready)
            {
                batch.Dispose();
            }
        }
    }

    private static void Produce(IEnumerable<ImageBatch> batches, BlockingCollection<ImageBatch> ready, CancellationToken stop)
    {
        try
        {
            foreach (var batch in batches)
            {
                try
                {
                    ready.Add(batch, stop);
                }
                catch (OperationCanceledException)
                {
                    batch.Dispose();
                    return;
                }
            }
        }
        finally
        {
            ready.CompleteAdding();
        }
    }
}
