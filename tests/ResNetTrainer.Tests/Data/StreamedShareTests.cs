using Microsoft.ML.Runtime;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Distributed;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Data;

/// <summary>What each of several processes reads of images that do not fit into memory.</summary>
[TestClass]
public class StreamedShareTests
{
    private const int BatchSize = 8;

    private int _read;

    [TestMethod]
    [DataRow(2, 0L, 50)]
    [DataRow(2, 3000L, 50)]
    [DataRow(3, 0L, 50)]
    [DataRow(3, 3000L, 50)]
    [DataRow(5, 0L, 55)]
    [DataRow(5, 3000L, 55)]
    [DataRow(5, 10_000L, 55)]
    [DataRow(8, 3000L, 50)]
    [DataRow(9, 3000L, 50)]
    public void Processes_share_each_batch_and_read_no_more(int processes, long budget, int rows)
    {
        using var images = Open(budget, rows);
        foreach (var seed in (long?[])[null, 1])
        {
            _read = 0;
            var passes = Enumerable.Range(0, processes).Select(rank => Pass(images, seed, new(rank, processes))).ToArray();

            Assert.AreEqual(rows, _read);
            var together = Enumerable.Range(0, passes[0].Length)
                .Select(batch => passes.SelectMany(pass => pass[batch]).ToArray())
                .ToArray();
            CollectionAssert.AreEquivalent(Enumerable.Range(0, rows).ToArray(), together.SelectMany(batch => batch).ToArray());
            Assert.IsTrue(passes.All(pass => pass.Length == 7));
            Assert.IsTrue(together[..^1].All(batch => batch.Length == BatchSize));
            if (seed is null)
            {
                CollectionAssert.AreEqual(Enumerable.Range(0, rows).ToArray(), together.SelectMany(batch => batch).ToArray());
            }
        }
    }

    [TestMethod]
    public void A_pass_goes_on_after_some_batches()
    {
        using var images = Open(3000, rows: 50);
        for (var rank = 0; rank < 3; rank++)
        {
            var whole = Pass(images, 1, new(rank, 3));

            foreach (var skip in (int[])[1, 3, 6, 7])
            {
                var rest = Pass(images, 1, new(rank, 3), skip);

                Assert.HasCount(7 - skip, rest);
                CollectionAssert.AreEqual(whole[skip..].SelectMany(batch => batch).ToArray(), rest.SelectMany(batch => batch).ToArray());
            }
        }
    }

    private ImageDataset Open(long budget, int rows)
    {
        // The first pixel is the number of the image.
        var data = new MemoryDataView(
            rows,
            Images.Vector(
                "Features",
                row =>
                {
                    _read++;
                    var pixels = new byte[400];
                    pixels[0] = (byte)row;
                    return pixels;
                },
                1,
                20,
                20),
            Images.Key(LabelKind.Text));
        var host = ((IHostEnvironment)Images.Context()).Register("test");
        var columns = new TrainingColumns(
            FeatureColumn.Find(host, data.Schema, "Features", 1), LabelColumn.Find(host, data.Schema, "Label"), null);
        return ImageDataset.Load(
            new(host, data, columns, new(new(1, 20, 20), false, ResizeMode.Stretch), default), CPU, new(budget), recognisable: false);
    }

    private static int[][] Pass(ImageDataset images, long? seed, Share share, int skip = 0) =>
        [.. images.Batches(BatchSize, seed, skip, share).Select(batch =>
        {
            using (batch)
            {
                using var scope = NewDisposeScope();
                return batch.Count == 0
                    ? []
                    : batch.ToInput(images.Format).mul(255).round()[.., 0, 0, 0].data<float>().Select(value => (int)value).ToArray();
            }
        })];
}
