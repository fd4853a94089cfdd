using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;
using SkiaSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>Encoded images are decoded by other threads ahead of the network, and nobody can tell but by the time it takes.</summary>
[TestClass]
public sealed class AheadTests
{
    private const int Rows = 150;
    private const int Size = 24;

    private static readonly MLContext Ml = Images.Context();

    private static readonly ResNetTransformer Model = Images.Trainer(Ml, ImageKind.Encoded, options => options.ImageSize = Size)
        .Fit(Labelled(Encoded(row => Photographs.Files[row]), 24));

    [TestMethod]
    public void Scores_are_those_of_the_images_one_after_the_other()
    {
        var data = new MemoryDataView(Rows, Encoded(row => Photographs.Files[row]), Images.Number());
        using var aside = new ScoredAside(Ml, Model, data);
        var expected = Snapshot.Of(
            Model.Transform(new MemoryDataView(Rows, Decoded(), Images.Number())), "Number", "Score", "PredictedLabel");

        foreach (var scored in (IDataView[])[Model.Transform(data), aside.Rows])
        {
            Snapshot.AssertEqual(expected, Snapshot.Of(scored, "Number", "Score", "PredictedLabel"), "scores");
        }
    }

    [TestMethod]
    [DataRow(long.MaxValue)]
    [DataRow(40_000L)]
    public void A_model_becomes_what_it_becomes_of_the_images_one_after_the_other(long budget)
    {
        using var ahead = Fit(Encoded(row => Photographs.Files[row]), budget);
        using var alone = Fit(Decoded(), budget);

        foreach (var (name, values) in alone.Model.Network.Weights.Tensors)
        {
            CollectionAssert.AreEqual(values.Data, ahead.Model.Network.Weights[name].ToArray(), name);
        }

        static ResNetTransformer Fit(MemoryColumn images, long budget) => Images.Trainer(
            Ml, ImageKind.Encoded, options => (options.ImageSize, options.MemoryBudget) = (Size, budget)).Fit(Labelled(images, Rows));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Where_a_GPU_scores_the_next_images_are_decoded_meanwhile_but_not_for_a_single_row(bool aside)
    {
        var data = new MemoryDataView(Rows, Encoded(row => Photographs.Files[row]));
        using var onGpu = new ScoredAside(Ml, Model, data);
        var scored = aside ? onGpu.Rows : Model.Transform(data);
        using var cursor = scored.GetRowCursor(scored.Schema);
        var getter = cursor.GetGetter<VBuffer<float>>(cursor.Schema["Score"]);
        var read = new List<int>();
        for (var row = 0; row < 4; row++)
        {
            cursor.MoveNext();
            var score = default(VBuffer<float>);
            getter(ref score);
            read.Add(data.RowsRead);
        }

        // Batches of 1, 2 and 4 rows, and of 8 behind them.
        CollectionAssert.AreEqual(aside ? (int[])[1, 7, 7, 15] : [1, 3, 3, 7], read);
    }

    [TestMethod]
    [DataRow(0, true)]
    [DataRow(1, true)]
    [DataRow(2, true)]
    [DataRow(6, true)]
    [DataRow(37, true)]
    [DataRow(0, false)]
    [DataRow(37, false)]
    public void Errors_come_at_their_rows_whatever_comes_later(int bad, bool aside)
    {
        var damaged = Damaged(bad);
        var failing = Failing(bad, $"row {bad}");
        damaged.OnRow = row => _ = row == bad + 1 ? throw new FormatException("the next row") : 0;

        StringAssert.Contains(After<UnusableImageException>(damaged, bad).Message, $"row {bad}:");
        Assert.AreEqual($"row {bad}", After<FormatException>(failing, bad).Message);

        T After<T>(MemoryDataView data, int rows)
            where T : Exception
        {
            using var onGpu = new ScoredAside(Ml, Model, data);
            var scored = aside ? onGpu.Rows : Model.Transform(data);
            using var cursor = scored.GetRowCursor(scored.Schema);
            var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
            for (var row = 0; row < rows; row++)
            {
                Assert.IsTrue(cursor.MoveNext());
                var score = default(VBuffer<float>);
                getter(ref score);
                Assert.AreEqual(1, score.DenseValues().Sum(), 1e-5);
            }

            var error = Assert.ThrowsExactly<T>(() => cursor.MoveNext());
            Assert.ThrowsExactly<T>(() => cursor.MoveNext(), "and no row comes after it");
            return error;
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(5)]
    [DataRow(60)]
    public void Training_names_the_first_row_that_fails_whatever_comes_later(int bad)
    {
        var data = Damaged(bad, Images.Key(LabelKind.Text));
        data.OnRow = row => _ = row == bad + 1 ? throw new FormatException("the next row") : 0;
        var error = Assert.ThrowsExactly<UnusableImageException>(() => Trainer().Fit(data));
        StringAssert.Contains(error.Message, $"row {bad}:");

        data = Failing(bad, "no luck", Images.Key(LabelKind.Text));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Trainer().Fit(data)).Message,
            $"Row {bad} (from 0) of the data cannot be read: no luck");

        static ResNetTrainer Trainer() => Images.Trainer(Ml, ImageKind.Encoded, options => options.ImageSize = Size);
    }

    [TestMethod]
    public void The_data_is_read_by_the_caller_s_thread_alone()
    {
        var threads = new HashSet<int>();
        var data = new MemoryDataView(Rows, Encoded(row =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            return Photographs.Files[row];
        }));
        using var aside = new ScoredAside(Ml, Model, data);
        Snapshot.Of(Model.Transform(data), "Score");
        Snapshot.Of(aside.Rows, "Score");

        CollectionAssert.AreEqual((int[])[Environment.CurrentManagedThreadId], threads.ToArray());
    }

    [TestMethod]
    [DataRow(long.MaxValue)]
    [DataRow(40_000L)]
    public void Training_never_reads_the_data_from_two_threads_at_once(long budget)
    {
        var (inside, most) = (0, 0);
        var images = Encoded(row =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            Thread.SpinWait(1000);
            Interlocked.Decrement(ref inside);
            return Photographs.Files[row];
        });
        using var model = Images.Trainer(
            Ml, ImageKind.Encoded, options => (options.ImageSize, options.MemoryBudget) = (Size, budget)).Fit(Labelled(images, Rows));

        Assert.AreEqual(1, most);
    }

    [TestMethod]
    public void A_cursor_that_is_closed_while_images_are_decoded_leaves_nothing_behind()
    {
        using var model = Images.Trainer(Ml, ImageKind.Encoded, options => options.ImageSize = Size)
            .Fit(Labelled(Encoded(row => Photographs.Files[row]), 24));
        var tensors = NativeTensors.Count();
        var large = LargeBmp(2000);
        var data = new MemoryDataView(Rows, Encoded(_ => large));
        var aside = new ScoredAside(Ml, model, data);
        var scored = aside.Rows;
        var cursor = scored.GetRowCursor(scored.Schema);
        var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        for (var row = 0; row < 2; row++)
        {
            cursor.MoveNext();
            var score = default(VBuffer<float>);
            getter(ref score);
        }

        cursor.Dispose();
        cursor.Dispose();
        aside.Dispose();
        model.Dispose();

        Assert.AreEqual(0, data.OpenCursors);
        Assert.AreEqual(tensors, Tensor.TotalCount);
        Assert.IsFalse(cursor.MoveNext());
    }

    [TestMethod]
    public void Training_that_is_cancelled_stops_reading()
    {
        using var stop = new CancellationTokenSource();
        var data = Labelled(Encoded(row => Photographs.Files[row]), Rows);
        data.OnRow = row =>
        {
            if (data.RowsRead > 40)
            {
                stop.Cancel();
            }
        };
        Assert.Throws<OperationCanceledException>(() => Images.Trainer(
            Ml, ImageKind.Encoded, options => (options.ImageSize, options.CancellationToken) = (Size, stop.Token)).Fit(data));

        Assert.AreEqual(41, data.RowsRead);
        Assert.AreEqual(0, data.OpenCursors);
    }

    [TestMethod]
    public void Few_large_files_are_read_ahead_at_a_time()
    {
        // 12 MB each, of which 64 MB are read ahead at most, and the one that exceeds it.
        var bmp = LargeBmp(2000);
        var data = new MemoryDataView(40, Encoded(_ => bmp));
        using var cursor = Model.Transform(data).GetRowCursor(Model.GetOutputSchema(data.Schema));
        for (var row = 0; row < 8; row++)
        {
            cursor.MoveNext();
        }

        Assert.AreEqual(7 + 6, data.RowsRead);
    }

    private static MemoryDataView Labelled(MemoryColumn images, int rows) => new(rows, images, Images.Key(LabelKind.Text));

    private static MemoryDataView Damaged(int bad, params MemoryColumn[] more) =>
        new(Rows, [Encoded(row => row == bad ? Half(Photographs.Files[row]) : Photographs.Files[row]), .. more]);

    private static MemoryDataView Failing(int bad, string message, params MemoryColumn[] more) => new(
        Rows, [Encoded(row => row == bad ? throw new FormatException(message) : Photographs.Files[row]), .. more]);

    private static byte[] Half(byte[] file) => file[..(file.Length / 2)];

    // All black.
    private static byte[] LargeBmp(int side) => [.. EncodedImages.BmpHeader(54, side, side), .. new byte[3 * side * side]];

    private static MemoryColumn Encoded(Func<int, byte[]> file) => Images.Vector("Features", file);

    // Each by itself, reduced to what the network sees.
    private static MemoryColumn Decoded() => Images.Vector(
        "Features",
        row => EncodedImages.Read(Photographs.Files[row], format: new(new(3, Size, Size), Resizes: true, ResizeMode.Stretch)).Planes,
        3, Size, Size);

    // A class of its own, because training reads them from another thread while this one is still being initialised.
    private static class Photographs
    {
        /// <summary>Of many sizes, some of which the decoder reduces, so that they take unequal time.</summary>
        public static readonly byte[][] Files = [.. Enumerable.Range(0, Rows).Select(Photograph)];

        private static byte[] Photograph(int number) => EncodedImages.Encode(
            number % 2 == 0 ? SKEncodedImageFormat.Jpeg : SKEncodedImageFormat.Png,
            30 + (number * 7 % 100),
            30 + (number * 13 % 100),
            (x, y) => new((byte)(x * 5), (byte)(y * 3), (byte)(number * 31)),
            quality: 90);
    }
}
