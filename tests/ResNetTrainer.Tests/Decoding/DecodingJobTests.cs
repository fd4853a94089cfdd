using ResNetMLNet.Data.Reading;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>Pieces of work for several threads, of which whoever waits for them is one.</summary>
[TestClass]
public sealed class DecodingJobTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(1000)]
    public void Each_is_done_once(int count)
    {
        var done = new int[count];
        var job = new DecodingJob(count, number => Interlocked.Increment(ref done[number]));
        job.Complete();
        job.Complete();

        Assert.IsTrue(Array.TrueForAll(done, times => times == 1));
    }

    [TestMethod]
    public void Stopping_waits_for_what_has_begun_and_leaves_out_the_rest()
    {
        using var begun = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var (entered, left) = (0, 0);
        var job = new DecodingJob(1000, _ =>
        {
            Interlocked.Increment(ref entered);
            begun.Set();
            go.Wait();
            Interlocked.Increment(ref left);
        });
        begun.Wait();
        var stopping = new Thread(job.Stop);
        stopping.Start();
        Assert.IsFalse(stopping.Join(200), "it waits");
        go.Set();
        stopping.Join();
        var seen = entered;

        Assert.AreEqual(seen, left);
        Assert.IsLessThanOrEqualTo(Environment.ProcessorCount, seen);
        Thread.Sleep(50);
        Assert.AreEqual(seen, entered);
    }
}
