using System.Collections.Concurrent;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>What is around a training: schedulers, log handlers, callbacks and data that throw.</summary>
[TestClass]
public class SurroundingsTests
{
    [TestMethod]
    public void Streamed_training_on_a_scheduler_of_one_thread_ends()
    {
        var fit = Task.Factory.StartNew(
            () => Images.Trainer(Images.Context(), change: options => options.MemoryBudget = 100).Fit(Images.Labelled()).Dispose(),
            CancellationToken.None,
            TaskCreationOptions.None,
            new OneThread());

        Assert.IsTrue(fit.Wait(TimeSpan.FromSeconds(20)), "It waits for its own thread.");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(3)]
    public void A_log_handler_that_throws_ends_neither_training_nor_scoring(int after)
    {
        var ml = Images.Context();
        var messages = 0;
        ml.Log += (_, _) => _ = messages++ >= after ? throw new IOException("No space left on device") : 0;
        using var model = Images.Trainer(ml, change: options => options.NumberOfEpochs = 2).Fit(Images.Labelled());

        Assert.HasCount(2, model.Model.History);
        Assert.HasCount(24, Snapshot.Scores(model.Transform(Images.Unlabelled())));
        Assert.IsGreaterThan(after, messages);
    }

    [TestMethod]
    public void Only_the_trainings_own_cancellation_returns_the_model()
    {
        var trainer = Images.Trainer(Images.Context(), change: options =>
        {
            options.OnCancellation = CancellationBehavior.ReturnModel;
            options.EpochCallback = _ => throw new TaskCanceledException("a request of mine");
        });

        Assert.AreEqual("a request of mine", Assert.ThrowsExactly<TaskCanceledException>(() => trainer.Fit(Images.Labelled())).Message);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow(100L)]
    public void Data_that_is_cancelled_by_somebody_else_is_a_row_that_cannot_be_read(long? budget)
    {
        var data = Images.Labelled();
        data.OnRow = row => _ = row == 5 ? throw new TaskCanceledException("The request timed out.") : 0;
        var trainer = Images.Trainer(Images.Context(), change: options =>
            (options.OnCancellation, options.MemoryBudget) = (CancellationBehavior.ReturnModel, budget));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(data));

        Assert.Contains("Row 5", error.Message);
        Assert.IsInstanceOfType<TaskCanceledException>(error.InnerException);
    }

    private sealed class OneThread : TaskScheduler
    {
        private readonly BlockingCollection<Task> _tasks = [];

        public OneThread() => new Thread(() =>
        {
            foreach (var task in _tasks.GetConsumingEnumerable())
            {
                TryExecuteTask(task);
            }
        })
        { IsBackground = true }.Start();

        protected override void QueueTask(Task task) => _tasks.Add(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => _tasks;
    }
}
