using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Data.Columns;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Data;

/// <summary>Batches of images that are not of one size: which label belongs to which of them.</summary>
[TestClass]
public class ImageBatchTests
{
    [TestMethod]
    public void Images_come_in_the_order_of_the_batch_and_not_of_its_parts()
    {
        using var scope = NewDisposeScope();

        // All pixels of an image are its number. The first one comes last: an order that is not its own inverse, as two swapped would be.
        using var batch = new ImageBatch([Filled(4, 7), Filled(5, 8, 9)], [2, 0, 1], tensor((long[])[8, 9, 7]), ones(3))
        {
            Numbers = [[7], [8, 9]],
        };
        var input = batch.ToInput(new(new(1, 4, 4), Resizes: true, ResizeMode.Stretch));

        CollectionAssert.AreEqual((long[])[3, 1, 4, 4], input.shape);
        CollectionAssert.AreEqual((int[])[8, 9, 7], FirstPixels(input));
        CollectionAssert.AreEqual(FirstPixels(input), batch.NumbersInOrder);
    }

    [TestMethod]
    public void Where_all_are_of_one_size_they_stay_in_their_order()
    {
        using var scope = NewDisposeScope();
        using var batch = new ImageBatch([Filled(4, 8, 9, 7)], null, tensor((long[])[8, 9, 7]), ones(3)) { Numbers = [[8, 9, 7]] };
        var input = batch.ToInput(new(new(1, 4, 4), Resizes: true, ResizeMode.Stretch));

        CollectionAssert.AreEqual((int[])[8, 9, 7], FirstPixels(input));
        CollectionAssert.AreEqual(FirstPixels(input), batch.NumbersInOrder);
    }

    [TestMethod]
    [DataRow(3000L)]
    [DataRow(long.MaxValue)]
    public void Images_of_mixed_sizes_keep_their_labels(long budget)
    {
        // The size goes by another rhythm than the class.
        const int Rows = 50;
        var data = new MemoryDataView(
            Rows,
            new MemoryColumn<MLImage>("Features", new ImageDataViewType(), row => Image(row, 18 + (row % 2 * 10))),
            Images.Key(LabelKind.Text));
        var host = ((IHostEnvironment)Images.Context()).Register("test");
        var columns = new TrainingColumns(
            FeatureColumn.Find(host, data.Schema, "Features", 3), LabelColumn.Find(host, data.Schema, "Label"), null);
        using var set = ImageDataset.Load(
            new(host, data, columns, new(new(3, 20, 20), Resizes: true, ResizeMode.Stretch), default),
            CPU,
            new(budget),
            recognisable: false);
        var seen = new List<int>();
        foreach (var batch in set.Batches(8, shuffle: 1))
        {
            using (batch)
            {
                using var scope = NewDisposeScope();
                var numbers = FirstPixels(batch.ToInput(set.Format).mul(255));
                seen.AddRange(numbers);

                CollectionAssert.AreEqual(
                    numbers.Select(number => (long)PixelPattern.ClassOf(number)).ToArray(), batch.Labels.data<long>().ToArray());
                if (!set.IsStreamed)
                {
                    CollectionAssert.AreEqual(numbers, batch.NumbersInOrder);
                }
            }
        }

        Assert.AreEqual(budget < long.MaxValue, set.IsStreamed);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, Rows).ToArray(), seen.ToArray());
    }

    // Images of one size, each of a single value.
    private static Tensor Filled(int size, params int[] values) =>
        cat(values.Select(value => full([1, 1, size, size], value, ScalarType.Float32)).ToArray());

    private static int[] FirstPixels(Tensor images) =>
        images.round()[.., 0, 0, 0].data<float>().ToArray().Select(value => (int)value).ToArray();

    private static MLImage Image(int value, int size)
    {
        var pixels = new byte[4 * size * size];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i % 4 == 3 ? (byte)255 : (byte)value;
        }

        return MLImage.CreateFromPixels(size, size, MLPixelFormat.Bgra32, pixels);
    }
}
