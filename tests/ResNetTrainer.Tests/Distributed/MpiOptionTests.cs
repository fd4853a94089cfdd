using System.Diagnostics;
using System.Globalization;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Distributed;

// Options that one process has too, in several.
public sealed partial class MpiTests
{
    [TestMethod]
    [DataRow(2, 4, 83, "weights=varied")]
    [DataRow(3, 2, 47, "balanced=1")]
    public void What_images_count_is_counted_over_the_whole_batch(int processes, int batch, int rows, string option)
    {
        string[] common = [option, "uneven=1", $"rows={rows}", "validate=1"];
        var alone = Ranks(1, "alone", [$"batch={processes * batch}", .. common]);
        var together = Ranks(processes, "together", [$"batch={batch}", "sync=1", .. common]);

        AssertNear(alone, together, 1e-4);
        AssertSame(Weights("alone", 0), Weights("together", 0), 1e-3);
    }

    [TestMethod]
    [DataRow("Mixup")]
    [DataRow("CutMix")]
    public void Each_process_changes_and_mixes_its_own_images_and_all_have_the_same_model(string mixing)
    {
        // The last batch has two images: one for each of two processes, and none for the third of three.
        string[] common = [$"augment={mixing},RandomErasing,Flip", "book=1", "sync=1", "rows=20", "epochs=2"];
        Ranks(2, "two", ["batch=3", .. common]);
        Ranks(3, "three", ["batch=2", .. common]);

        AssertSame(Weights("two", 0), Weights("two", 1), 0);
        AssertSame(Weights("three", 0), Weights("three", 1), 0);
        AssertSame(Weights("three", 0), Weights("three", 2), 0);

        // The same to rounding, if nothing were changed.
        Assert.Throws<AssertFailedException>(() => AssertSame(Weights("two", 0), Weights("three", 0), 1e-3));
    }

    [TestMethod]
    public void All_processes_stop_early_at_one_epoch_and_have_the_same_best_one_and_temperature()
    {
        var run = Ranks(
            2, "stopped", "book=1", "rate=0.1", "epochs=50", "rows=120", "confused=1", "validate=1", "best=ValidationLoss", "patience=1",
            "calibrate=1");

        foreach (var what in (string[])["best epoch", "validation losses", "temperature"])
        {
            CollectionAssert.AreEqual(Told(run, 0, what), Told(run, 1, what), what);
        }

        // The epoch after the best one was the first that was not better.
        StringAssert.Contains(run.Output, "rank 0: StoppedEarly");
        StringAssert.Contains(run.Output, "rank 1: StoppedEarly");
        Assert.AreEqual(Told(run, 1, "validation losses").Length - 1, Told(run, 1, "best epoch").Single());
        AssertSame(Weights("stopped", 0), Weights("stopped", 1), 0);
    }

    [TestMethod]
    public void Best_epoch_and_temperature_are_those_of_one_process()
    {
        // At a rate that does not make much of rounding.
        string[] common = ["epochs=2", "rate=0.01", "rows=120", "confused=1", "validate=1", "best=ValidationLoss", "calibrate=1"];
        var alone = Ranks(1, "alone", ["batch=8", .. common]);
        var together = Ranks(2, "together", ["batch=4", "sync=1", .. common]);

        // 1 would mean that the validation set says nothing. Of so few images it follows each last bit.
        var temperature = Told(alone, 0, "temperature").Single();
        Assert.AreNotEqual(1.0, temperature);
        Assert.AreEqual(temperature, Told(together, 1, "temperature").Single(), 0.03 * temperature);
        CollectionAssert.AreEqual(Told(alone, 0, "best epoch"), Told(together, 1, "best epoch"));
        AssertSame(Weights("alone", 0), Weights("together", 1), 0.03);
    }

    // By the loss, which all know, and by weights that a last step has ruined.
    [TestMethod]
    [DataRow(80, "The loss became", "in epoch 1, step 2 of 10")]
    [DataRow(8, "The scores became", "in epoch 1, step 1 of 1")]
    public void One_that_diverges_ends_in_all_with_the_exception_that_says_when(int rows, string what, string when)
    {
        var watch = Stopwatch.StartNew();
        var run = Mpirun.Run(2, $"out={_folder}", "book=1", "rate=1e30", $"rows={rows}", "epochs=3");

        Assert.AreNotEqual(0, run.Status);
        for (var rank = 0; rank < 2; rank++)
        {
            var begin = $"rank {rank}: {what}";
            var error = Assert.ContainsSingle(run.ErrorLines.Where(line => line.StartsWith(begin, StringComparison.Ordinal)));
            StringAssert.Contains(error, when);
            StringAssert.EndsWith(error, $"({nameof(TrainingDivergedException)})");
        }

        Assert.DoesNotContain("ends the others", run.Error);
        Assert.IsLessThan(30, watch.Elapsed.TotalSeconds);
    }

    [TestMethod]
    public void One_after_others_gives_what_it_gives_alone_and_one_within_it_is_refused()
    {
        Ranks(2, "alone", "epochs=2");
        var run = Ranks(2, "after", "epochs=2", "before=1", "inner=1");

        // After each epoch.
        Assert.HasCount(3, run.Output.Split("inner: Another Fit of this process"));
        AssertSame(Weights("alone", 0), Weights("after", 0), 0);
        AssertSame(Weights("alone", 0), Weights("after", 1), 0);
    }

    [TestMethod]
    public void Frozen_stages_stay_as_they_are_and_the_others_are_trained_as_by_one_process()
    {
        string[] common = ["frozen=1", "rows=83", "validate=1"];
        var alone = Ranks(1, "alone", ["batch=8", .. common]);
        var together = Ranks(2, "together", ["batch=4", "sync=1", .. common]);

        AssertNear(alone, together, 2e-3);
        AssertSame(Weights("alone", 0), Weights("together", 0), 2e-3);
        var (start, end) = (Weights("together", 1, "start"), Weights("together", 1));
        AssertSame(Weights("together", 0), end, 0);
        AssertSame(start.Where(IsGeneral), end, 0);
        Assert.Throws<AssertFailedException>(() => AssertSame(start.Where(name => !IsGeneral(name)), end, 1e-2));
    }

    [TestMethod]
    public void The_linear_layer_alone_learns_of_a_single_image_in_each_process()
    {
        // What is flipped at random is not kept as features.
        Ranks(2, "single", "frozen=4", "augment=Flip", "rows=2", "sync=1");

        var (start, end) = (Weights("single", 1, "start"), Weights("single", 1));
        AssertSame(Weights("single", 0), end, 0);
        AssertSame(start.Where(name => !IsHead(name)), end, 0);
        Assert.Throws<AssertFailedException>(() => AssertSame(start.Where(IsHead), end, 0));
    }

    [TestMethod]
    public void All_processes_have_the_same_model_to_the_last_bit_in_bfloat16_too()
    {
        // So wide that some gradients are added up by themselves.
        var run = Ranks(2, "rounded", "precision=BFloat16", "book=1", "width=16", "size=64", "rows=46");

        StringAssert.Contains(run.Output, ", bfloat16: ");
        AssertSame(Weights("rounded", 0), Weights("rounded", 1), 0);
    }

    [TestMethod]
    public void Weights_of_a_file_are_trained_further_as_by_one_process()
    {
        // The running statistics normalise, so that the single image of the last batch counts too, in the first epoch most.
        string[] common = ["tuned=1", "rate=0.01", "rows=81", "epochs=2"];
        Ranks(1, "alone", ["batch=8", .. common]);
        Ranks(2, "together", ["batch=4", "sync=1", .. common]);

        AssertSame(Weights("alone", 0), Weights("together", 0), 1e-3);
        var (start, end) = (Weights("together", 1, "start"), Weights("together", 1));
        AssertSame(Weights("together", 0), end, 0);
        AssertSame(start.Where(name => IsGeneral(name) || name.Contains(".running_", StringComparison.Ordinal)), end, 0);
        Assert.Throws<AssertFailedException>(() => AssertSame(start.Where(name => name == "layer2.0.conv1.weight"), end, 0));
    }

    // Of the stem and the first stage.
    private static bool IsGeneral(string name) =>
        ((string[])["conv1.", "bn1.", "layer1."]).Any(layer => name.StartsWith(layer, StringComparison.Ordinal));

    private static bool IsHead(string name) => name.StartsWith("fc.", StringComparison.Ordinal);

    // Numbers that one of the processes tells of its model in the end.
    private static double[] Told(ProgramRun run, int rank, string what)
    {
        var begin = $"rank {rank}: {what} ";
        var line = run.OutputLines.Single(each => each.StartsWith(begin, StringComparison.Ordinal));
        return [.. line[begin.Length..].Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
    }
}
