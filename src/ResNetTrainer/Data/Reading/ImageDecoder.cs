using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;

namespace ResNetMLNet.Data.Reading;

/// <summary>Decodes kept images on several threads, each with a reader of its own, which are used again and again.</summary>
/// <typeparam name="TReader">What reads the image where a row stands.</typeparam>
/// <param name="context">How errors are thrown.</param>
/// <param name="column">Where the images come from.</param>
/// <param name="create">Makes a reader.</param>
internal sealed class ImageDecoder<TReader>(IExceptionContext context, FeatureColumn column, Func<KeptImageRow, TReader> create)
{
    private readonly ConcurrentBag<(KeptImageRow Row, TReader Reader)> _idle = [];

    /// <summary>Begins to decode images, each of which gets its error if it has one.</summary>
    /// <param name="images">What to decode; nobody else's until that has ended.</param>
    /// <param name="read">Reads the image of the number with a reader that stands on it; called on any thread.</param>
    /// <param name="isCancelled">Asked before each image; those after that are left as they are.</param>
    public DecodingJob Start(KeptImage[] images, Action<TReader, int> read, Func<bool>? isCancelled = null) =>
        new(images.Length, number =>
        {
            var image = images[number];
            if (image.Error is not null || isCancelled?.Invoke() == true)
            {
                return;
            }

            try
            {
                var worker = _idle.TryTake(out var idle) ? idle : Create();
                worker.Row.Current = image;
                try
                {
                    read(worker.Reader, number);
                }
                finally
                {
                    _idle.Add(worker);
                }
            }
            catch (Exception e)
            {
                image.Error = ExceptionDispatchInfo.Capture(e);
            }
        });

    private (KeptImageRow Row, TReader Reader) Create()
    {
        var row = new KeptImageRow(context, column);
        return (row, create(row));
    }
}

/// <summary>
/// Numbered pieces of work, done by the threads of the pool and by whoever waits for them: also where the pool has no thread to spare, they
/// get done.
/// </summary>
internal sealed class DecodingJob
{
    private readonly int _count;
    private readonly Action<int> _work;
    private readonly ManualResetEventSlim _done;

    private int _next;
    private int _left;
    private volatile bool _stopped;

    /// <param name="count">How many pieces.</param>
    /// <param name="work">Does one of them, and throws nothing.</param>
    public DecodingJob(int count, Action<int> work)
    {
        (_count, _work, _left) = (count, work, count);
        _done = new(count == 0);

        // Whoever waits is one more; until then it has the network to run.
        for (var i = Math.Min(count, Math.Max(1, Environment.ProcessorCount - 1)); i > 0; i--)
        {
            ThreadPool.UnsafeQueueUserWorkItem(job => job.Work(), this, preferLocal: false);
        }
    }

    /// <summary>Does what nobody has begun, and waits for the rest.</summary>
    public void Complete()
    {
        Work();
        _done.Wait();
    }

    /// <summary>Leaves out what nobody has begun, and waits for the rest.</summary>
    public void Stop()
    {
        _stopped = true;
        Complete();
    }

    private void Work()
    {
        for (int number; (number = Interlocked.Increment(ref _next) - 1) < _count;)
        {
            if (!_stopped)
            {
                _work(number);
            }

            if (Interlocked.Decrement(ref _left) == 0)
            {
                _done.Set();
            }
        }
    }
}
