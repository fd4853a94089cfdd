using ResNetMLNet.Sample.Rendering;
using Spectre.Console.Testing;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What a training looks like on a terminal, and elsewhere.</summary>
[TestClass]
public sealed class DisplayTests
{
    private static readonly EpochMetrics _epoch = new()
    {
        Epoch = 3,
        NumberOfEpochs = 10,
        TrainLoss = 0.25,
        TrainAccuracy = 0.9,
        ValidationAccuracy = 0.875,
        LearningRate = 0.05,
        ImagesPerSecond = 287,
        Seconds = 28.1,
    };

    private static readonly TrainingProgress _progress = new()
    {
        Phase = TrainingPhase.Training,
        Images = 0,
        NumberOfImages = 10_000,
        Epoch = 3,
        NumberOfEpochs = 10,
    };

    [TestMethod]
    [DataRow(80)]
    [DataRow(120)]
    public void On_a_terminal_a_table_grows_above_a_bar_that_is_gone_in_the_end(int width)
    {
        using var console = new TestConsole().Width(width).Interactive().EmitAnsiSequences();
        var display = new LiveDisplay(console);

        var result = display.While(() =>
        {
            display.Progress(_progress with { Images = 100 });
            Thread.Sleep(300);
            display.Progress(_progress with { Images = 5_000 });
            Thread.Sleep(300);
            display.Progress(_progress with { Phase = TrainingPhase.Validating });
            display.Epoch(_epoch);
            display.Epoch(_epoch with { Epoch = 4 });
            return 42;
        });

        Assert.AreEqual(42, result);
        StringAssert.Contains(console.Output, "epoch 3/10 training");
        StringAssert.Contains(console.Output, "50%");
        StringAssert.Contains(console.Output, "images/s");
        var lines = console.Lines.Where(line => line.Contains("0.875", StringComparison.Ordinal)).ToArray();
        Assert.HasCount(2, lines);
        StringAssert.Contains(lines[0], "3/10    0.250       0.900      0.875        287       28.1            0.05");
        Assert.HasCount(1, console.Lines.Where(line => line.Contains("train acc", StringComparison.Ordinal)).ToArray());
    }

    [TestMethod]
    public void The_time_left_is_that_of_the_whole_training_once_an_epoch_tells()
    {
        using var console = new TestConsole().Width(80).Interactive().EmitAnsiSequences();
        var display = new LiveDisplay(console);

        display.While(() =>
        {
            display.Epoch(_epoch with { Seconds = 100 });
            display.Progress(_progress with { Epoch = 4, Images = 1_000 });
            Thread.Sleep(300);
            display.Progress(_progress with { Epoch = 4, Images = 5_000 });
            Thread.Sleep(300);
            return 0;
        });

        StringAssert.Contains(console.Output, "0:11:30 left");
        StringAssert.Contains(console.Output, "0:10:50 left");
    }

    [TestMethod]
    public void Elsewhere_an_epoch_is_a_plain_line()
    {
        var output = new StringWriter();
        var display = new PlainDisplay(output);
        display.Progress(_progress with { Phase = TrainingPhase.Reading, Epoch = 0 });
        display.Progress(_progress);
        display.Epoch(_epoch);

        Assert.AreEqual(
            "epoch  3 of 10   loss 0.250   train accuracy 0.900   test accuracy 0.875     287 images/s    28.1 s    197 s left",
            output.ToString().TrimEnd());
    }

    [TestMethod]
    public void Reading_that_takes_long_is_said()
    {
        var output = new StringWriter();
        var display = new PlainDisplay(output);
        Thread.Sleep(2_100);
        display.Progress(_progress with { Phase = TrainingPhase.Reading, Images = 1_234 });
        display.Progress(_progress with { Phase = TrainingPhase.Reading, Images = 1_235 });

        Assert.AreEqual($"reading images: {1_234:N0} of {10_000:N0}", output.ToString().TrimEnd());
    }
}
