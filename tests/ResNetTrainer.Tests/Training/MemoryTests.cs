using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Data.Reading;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>Data that is larger than the memory for it.</summary>
[TestClass]
public class MemoryTests
{
    // 900 images of 1 MB each.
    private const int LargeSide = 1024;
    private const int LargeRows = 900;

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Counted_rows_beyond_a_budget_of_a_few_megabytes_are_streamed_where_there_is_no_memory_for_all_of_them()
    {
        var (epochs, _) = FitWithin(450L << 20, budget: 4 << 20);

        Assert.AreEqual(1, epochs);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Images_for_which_the_process_has_no_memory_are_streamed_and_the_log_says_so()
    {
        var (epochs, log) = FitWithin(450L << 20, budget: null);

        Assert.AreEqual(1, epochs);
        Assert.IsTrue(log.Any(line => line.Contains("MemoryBudget", StringComparison.Ordinal)), string.Join("\n", log));
    }

    [TestMethod]
    public void Memory_that_runs_out_while_images_are_read_is_not_blamed_on_a_row()
    {
        var features = Images.Vector("Features", i => i == 5 ? throw new OutOfMemoryException() : new byte[400], 1, 20, 20);
        var data = new MemoryDataView(24, features, Images.Key(LabelKind.Text));
        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Images.Context()).Fit(data)).Message;

        Assert.Contains("not enough memory", message);
        Assert.DoesNotContain("Row 5", message);
    }

    [TestMethod]
    [DataRow(100L, false, 8, true)]
    [DataRow(100L, false, 1, false)]
    [DataRow(100L, true, 8, false)]
    [DataRow(null, false, 8, false)]
    public void Images_that_are_streamed_class_after_class_are_said(long? budget, bool canShuffle, int inARow, bool isSaid)
    {
        var log = new List<string>();
        var ml = Images.Context(log);
        var label = new MemoryColumn<uint>("Label", new KeyDataViewType(typeof(uint), 3), row => (uint)((row / inARow % 3) + 1));
        var data = new MemoryDataView(24, Images.Features(), label) { CanShuffle = canShuffle };
        Images.Trainer(ml, change: options => options.MemoryBudget = budget).Fit(data).Dispose();

        Assert.AreEqual(isSaid, log.Any(line => line.Contains("ml.Data.ShuffleRows", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow(10_000L, true)]
    [DataRow(5_000L, true)]
    [DataRow(15_000L, false)]
    public void One_budget_is_for_training_and_validation_together(long budget, bool streamed)
    {
        // 9,600 and 4,800 bytes of pixels.
        var validation = Images.Labelled(12);
        var trainer = Images.Trainer(Images.Context(), change: options => (options.MemoryBudget, options.NumberOfEpochs) = (budget, 3));
        using var model = trainer.Fit(Images.Labelled(24), validation);

        Assert.AreEqual(streamed ? 12 * (1 + 3) : 12, validation.RowsRead);
        Assert.IsTrue(model.Model.History.All(epoch => epoch.ValidationLoss is not null));
    }

    [TestMethod]
    public void The_shapes_of_one_window_take_no_memory_in_the_next()
    {
        using var store = new ImageStore();
        var before = NativeTensors.Count();
        for (var window = 0; window < 3; window++)
        {
            for (var side = 8; side < 16; side++)
            {
                store.Add(new(1, side + (8 * window), side), PixelType.Byte, new byte[(side + (8 * window)) * side], 0, 1);
            }

            store.Clear();
            Assert.AreEqual(before, TorchSharp.torch.Tensor.TotalCount);
        }
    }

    [TestMethod]
    public void Images_move_to_a_device_that_has_room_for_them_and_stay_where_they_are_otherwise()
    {
        // "meta" is a device without memory: what is on it has a shape and no values.
        var device = TorchSharp.torch.device("meta");
        using var store = new ImageStore();
        for (var i = 0; i < 30; i++)
        {
            store.Add(new(1, 20, 20), PixelType.Byte, Enumerable.Repeat((byte)i, 400).ToArray(), i, 1);
        }

        store.MoveTo(device, store.Size - 1);
        using (var batch = store.Gather([7, 29], TorchSharp.torch.CPU))
        using (TorchSharp.torch.NewDisposeScope())
        {
            Assert.AreEqual(29, (batch.ToInput(new(new(1, 20, 20), false, ResizeMode.Stretch)).max() * 255).round().item<float>());
        }

        var before = NativeTensors.Count();
        store.MoveTo(device, store.Size);
        Assert.IsLessThan(before, TorchSharp.torch.Tensor.TotalCount, "The host's blocks are still there.");
    }

    [TestMethod]
    public void Images_that_were_moved_block_by_block_are_gathered_as_before()
    {
        // To the CPU itself, for want of another device.
        using var group = new ImageGroup(new(1, 20, 20), PixelType.Byte);
        for (var i = 0; i < 50; i++)
        {
            group.Add(Enumerable.Repeat((byte)i, 400).ToArray());
        }

        long[] rows = [49, 0, 3, 4, 15, 16, 49];
        using var before = group.Gather(rows);
        group.MoveTo(TorchSharp.torch.CPU);
        using var after = group.Gather(rows);
        CollectionAssert.AreEqual(before.bytes.ToArray(), after.bytes.ToArray());
        CollectionAssert.AreEqual(rows, after.bytes.ToArray().Where((_, i) => i % 400 == 0).Select(pixel => (long)pixel).ToArray());
    }

    [TestMethod]
    public void Images_in_many_blocks_are_gathered_in_any_order()
    {
        // Blocks of 4 to 32 images of 1 MiB.
        using var store = new ImageStore();
        for (var i = 0; i < 60; i++)
        {
            store.Add(new(1, LargeSide, LargeSide), PixelType.Byte, Enumerable.Repeat((byte)i, LargeSide * LargeSide).ToArray(), i, i);
        }

        int[] order = [59, 0, 3, 4, 31, 32, 33, 7, 8, 59];
        using var batch = store.Gather(order, TorchSharp.torch.CPU);
        using var scope = TorchSharp.torch.NewDisposeScope();
        var input = batch.ToInput(new(new(1, LargeSide, LargeSide), false, ResizeMode.Stretch)).mul(255).round();
        foreach (var (row, i) in order.Select((row, i) => (row, i)))
        {
            Assert.AreEqual(row, input[i].min().item<float>());
            Assert.AreEqual(row, input[i].max().item<float>());
        }

        CollectionAssert.AreEqual(order.Select(row => (long)row).ToArray(), batch.Labels.data<long>().ToArray());
    }

    private static (int Epochs, List<string> Log) FitWithin(long headroom, long? budget)
    {
        // Loads what has to be loaded, so that the limit is about the images.
        Images.Trainer(Images.Context()).Fit(Images.Labelled()).Dispose();
        var log = new List<string>();
        var ml = Images.Context(log);
        var image = new byte[LargeSide * LargeSide];
        new Random(1).NextBytes(image);
        var features = Images.Vector("Features", _ => image, 1, LargeSide, LargeSide);
        var data = new MemoryDataView(LargeRows, features, Images.Key(LabelKind.Text));
        var epochs = 0;
        using (AddressSpace.Limit(headroom))
        {
            Images.Trainer(ml, change: options => (options.MemoryBudget, options.ImageSize, options.EpochCallback) =
                (budget, 24, _ => epochs++)).Fit(data).Dispose();
        }

        return (epochs, log);
    }

    /// <summary>What <c>prlimit --as</c> does, to this process and for a while.</summary>
    private sealed class AddressSpace : IDisposable
    {
        private const int Resource = 9;
        private Limits _before;

        private AddressSpace(long headroom)
        {
            Assert.AreEqual(0, getrlimit(Resource, ref _before));
            var pages = long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], CultureInfo.InvariantCulture);
            var limited = _before with { Current = (nuint)((pages * Environment.SystemPageSize) + headroom) };
            Assert.AreEqual(0, setrlimit(Resource, ref limited));
        }

        public static AddressSpace Limit(long headroom) => new(headroom);

        public void Dispose() => Assert.AreEqual(0, setrlimit(Resource, ref _before));

#pragma warning disable SYSLIB1054, IDE1006 // The names are C's.
        [DllImport("libc")]
        private static extern int getrlimit(int resource, ref Limits limits);

        [DllImport("libc")]
        private static extern int setrlimit(int resource, ref Limits limits);
#pragma warning restore SYSLIB1054, IDE1006

        private record struct Limits(nuint Current, nuint Most);
    }
}
