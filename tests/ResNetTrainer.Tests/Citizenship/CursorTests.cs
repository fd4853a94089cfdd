using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Citizenship;

/// <summary>A cursor over scores delivers what the data had, in its order, with the scores beside it.</summary>
[TestClass]
public class CursorTests
{
    private const int Rows = 300;

    private static readonly MLContext Ml = Images.Context();
    private static readonly ResNetTransformer Model = Images.Trainer(Ml).Fit(Images.Labelled());

    [TestMethod]
    public void Columns_of_all_kinds_line_up_with_their_scores_and_ids()
    {
        var data = Images.Unlabelled(Rows, more:
        [
            Images.Number(),
            Images.Text("Text", row => $"row {row}"),
            Images.Vector("Vector", row => Enumerable.Repeat((float)row, 1 + (row % 5)).ToArray()),
        ]);
        var scored = Model.Transform(data);
        var alone = Snapshot.Of(scored, "Score");
        var together = Snapshot.Of(scored, "Number", "Text", "Vector", "Score", "PredictedLabel");

        Snapshot.AssertEqual(
            Snapshot.Of(data, "Number", "Text", "Vector"),
            [.. together.Select(line => line[..line.IndexOf(", Score", StringComparison.Ordinal)])],
            "columns that are passed on");
        for (var row = 0; row < Rows; row++)
        {
            StringAssert.Contains(together[row], alone[row][(alone[row].IndexOf(' ') + 1)..]);
        }
    }

    [TestMethod]
    public void Of_large_values_beside_the_images_no_more_than_a_batch_may_take_is_read_ahead()
    {
        const int Megabytes = 4;
        var (read, position, most) = (0, 0, 0);
        var data = Images.Unlabelled(64, more:
        [
            Images.Vector("Large", row =>
            {
                read++;
                return new byte[Megabytes << 20];
            }),
        ]);
        var scored = Model.Transform(data);
        using var cursor = scored.GetRowCursor([scored.Schema["Large"], scored.Schema["Score"]]);
        for (; cursor.MoveNext(); position++)
        {
            most = Math.Max(most, read - position);
        }

        Assert.AreEqual(64, position);
        Assert.AreEqual(64 / Megabytes, most);
    }

    [TestMethod]
    public void Images_are_passed_on_beside_their_scores()
    {
        var data = Images.Unlabelled(
            5, more: [new MemoryColumn<MLImage>("Photo", new ImageDataViewType(20, 20), row => Images.Image(row, 3, 20))]);
        var scored = Snapshot.Of(Model.Transform(data), "Photo", "Score");

        Snapshot.AssertEqual(
            Snapshot.Of(data, "Photo"),
            [.. scored.Select(line => line[..line.IndexOf(", Score", StringComparison.Ordinal)])],
            "images");
    }

    [TestMethod]
    [DataRow("Number", "Score")]
    [DataRow("Photo", "Score")]
    [DataRow("Features", "Score")]
    public void A_cursor_that_cannot_be_made_leaves_none_behind(string broken, string scored)
    {
        // The getters of one column fail, in turn one that is kept, one that cannot be kept, and that of the images.
        MemoryColumn[] columns =
        [
            Images.Features(),
            Images.Number(),
            new MemoryColumn<MLImage>("Photo", new ImageDataViewType(20, 20), row => Images.Image(row, 3, 20)),
        ];
        var data = new MemoryDataView(24, columns.Select(column => column.Name == broken ? new BrokenColumn(column) : column));
        var view = Model.Transform(data);

        var error = Assert.Throws<Exception>(() => Snapshot.Of(view, broken, scored));
        Assert.AreEqual("broken", error.GetBaseException().Message);
        Assert.AreEqual(0, data.OpenCursors);
    }

    [TestMethod]
    [DataRow("Features")]
    [DataRow("Label")]
    public void A_training_whose_cursor_cannot_be_made_leaves_none_behind(string broken)
    {
        MemoryColumn[] columns = [Images.Features(), Images.Key(LabelKind.Text)];
        var data = new MemoryDataView(24, columns.Select(column => column.Name == broken ? new BrokenColumn(column) : column));

        Assert.AreEqual("broken", Assert.Throws<Exception>(() => Images.Trainer(Ml).Fit(data)).GetBaseException().Message);
        Assert.AreEqual(0, data.OpenCursors);
    }

    [TestMethod]
    public void A_row_scored_alone_gets_what_it_gets_in_a_batch()
    {
        var batched = Snapshot.Scores(Model.Transform(Images.Unlabelled(20)));
        var alone = Enumerable.Range(1, 19)
            .Select(row => Snapshot.Scores(Model.Transform(Ml.Data.SkipRows(Images.Unlabelled(row + 1), row)))[0]);

        Snapshot.AssertNear(batched[1..], [.. alone]);
    }

    [TestMethod]
    public void The_first_row_is_scored_before_the_others_are_read()
    {
        var data = Images.Unlabelled(Rows);
        using var cursor = Model.Transform(data).GetRowCursor(Model.GetOutputSchema(data.Schema));
        cursor.MoveNext();

        Assert.AreEqual(1, data.RowsRead);
    }

    [TestMethod]
    public void An_error_upstream_comes_at_its_own_row()
    {
        var data = Images.Unlabelled(Rows);
        data.OnRow = row => _ = row == 77 ? throw new FormatException("row 77") : 0;
        var scored = Model.Transform(data);
        using var cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        var score = default(VBuffer<float>);
        for (var row = 0; row < 77; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            getter(ref score);
        }

        Assert.AreEqual("row 77", Assert.ThrowsExactly<FormatException>(() => cursor.MoveNext()).Message);
    }

    [TestMethod]
    public void Only_what_is_asked_for_is_read()
    {
        var data = Images.Unlabelled(10, more: [Images.Number(), Images.Text("Text", _ => "")]);
        var scored = Model.Transform(data);
        Snapshot.Of(scored, "Number");
        Snapshot.Of(scored, "Score");

        CollectionAssert.AreEqual((string[])["Number"], data.Asked[0]);
        CollectionAssert.AreEqual((string[])["Features"], data.Asked[1]);
    }

    [TestMethod]
    public void Several_cursors_go_their_own_ways_and_are_closed()
    {
        var data = Images.Unlabelled(30, more: [Images.Number()]);
        var scored = Model.Transform(data);
        var expected = Snapshot.Of(scored, "Number", "Score");
        using (var early = scored.GetRowCursor(scored.Schema))
        {
            early.MoveNext();
            early.MoveNext();
            Snapshot.AssertEqual(expected, Snapshot.Of(scored, "Number", "Score"), "the other cursor");
        }

        Assert.AreEqual(0, data.OpenCursors);
    }

    [TestMethod]
    public void Shuffled_cached_and_filtered_sources_keep_their_rows_together()
    {
        var data = Images.Unlabelled(40, more: [Images.Number()]);
        var expected = Snapshot.Scores(Model.Transform(data));

        foreach (var source in (IDataView[])
            [Ml.Data.ShuffleRows(data, seed: 3), Ml.Data.Cache(data), Ml.Data.FilterRowsByColumn(Numbered(data), "Real", 10, 30)])
        {
            var scored = Model.Transform(source);
            var rows = new List<(int Number, float[] Score)>();
            using (var cursor = scored.GetRowCursor(scored.Schema))
            {
                var number = cursor.GetGetter<int>(scored.Schema["Number"]);
                var score = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
                while (cursor.MoveNext())
                {
                    var (n, s) = (0, default(VBuffer<float>));
                    number(ref n);
                    score(ref s);
                    rows.Add((n, [.. s.DenseValues()]));
                }
            }

            Assert.IsGreaterThanOrEqualTo(20, rows.Count);
            Snapshot.AssertNear([.. rows.Select(row => expected[row.Number])], [.. rows.Select(row => row.Score)]);
        }

        static IDataView Numbered(IDataView data) => Ml.Transforms.Conversion.ConvertType("Real", "Number").Fit(data).Transform(data);
    }

    [TestMethod]
    [DataRow("Score", true)]
    [DataRow("Score", false)]
    public void Reading_before_the_first_row_is_a_clear_error(string column, bool batched)
    {
        var data = Images.Unlabelled(3, more: batched
            ? []
            : [new MemoryColumn<MLImage>("Photo", new ImageDataViewType(20, 20), row => Images.Image(row, 3, 20))]);
        var scored = Model.Transform(data);
        using var cursor = scored.GetRowCursor(batched ? [scored.Schema[column]] : scored.Schema);
        var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema[column]);
        var score = default(VBuffer<float>);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => getter(ref score)).Message, "MoveNext");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_predicted_label_the_id_and_other_columns_want_a_row_too(bool batched)
    {
        var data = Images.Unlabelled(3, more: batched
            ? [Images.Number()]
            : [Images.Number(), new MemoryColumn<MLImage>("Photo", new ImageDataViewType(20, 20), row => Images.Image(row, 3, 20))]);
        var scored = Model.Transform(data);
        using var cursor = scored.GetRowCursor(scored.Schema);
        var label = cursor.GetGetter<uint>(scored.Schema["PredictedLabel"]);
        var number = cursor.GetGetter<int>(scored.Schema["Number"]);
        var id = cursor.GetIdGetter();
        CheckThatNoneCanBeRead();

        for (var row = 0; row < 3; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            Assert.AreEqual(row, cursor.Position);
            var (l, n, i) = (0u, 0, default(DataViewRowId));
            label(ref l);
            number(ref n);
            id(ref i);
            Assert.AreEqual((row, MemoryDataView.IdOf(row)), (n, i));
        }

        Assert.IsFalse(cursor.MoveNext());
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
        CheckThatNoneCanBeRead();

        void CheckThatNoneCanBeRead()
        {
            var (l, n, i) = (0u, 0, default(DataViewRowId));
            Assert.ThrowsExactly<InvalidOperationException>(() => label(ref l));
            Assert.ThrowsExactly<InvalidOperationException>(() => number(ref n));
            Assert.ThrowsExactly<InvalidOperationException>(() => id(ref i));
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_column_that_was_not_asked_for_or_is_of_another_type_is_named(bool batched)
    {
        var data = Images.Unlabelled(3, more: [Images.Number()]);
        var scored = Model.Transform(data);
        var asked = scored.Schema[batched ? "Score" : "Number"];
        using var cursor = scored.GetRowCursor([asked]);

        Assert.IsTrue(cursor.IsColumnActive(asked));
        Assert.IsFalse(cursor.IsColumnActive(scored.Schema["Features"]));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => cursor.GetGetter<VBuffer<byte>>(scored.Schema["Features"])).Message,
            "'Features'");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => cursor.GetGetter<uint>(scored.Schema["PredictedLabel"])).Message,
            "'PredictedLabel'");
        if (batched)
        {
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<float>(asked)).Message, "'Score'");
        }
    }

    [TestMethod]
    public void Without_scores_asked_for_no_image_is_read_and_no_network_made()
    {
        var data = new MemoryDataView(
            10, Images.Vector("Features", byte[] (_) => throw new FormatException("The image was read."), 1, 20, 20), Images.Number());
        using var model = Images.Trainer(Ml).Fit(Images.Labelled(12));
        var tensors = NativeTensors.Count();

        Assert.HasCount(10, Snapshot.Of(model.Transform(data), "Number"));
        Assert.AreEqual(tensors, Tensor.TotalCount);
        Assert.ThrowsExactly<FormatException>(() => Snapshot.Of(model.Transform(data), "Score"));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(6)]
    public void Rows_before_an_image_that_cannot_be_used_are_delivered(int bad)
    {
        var data = new MemoryDataView(
            10,
            Images.Vector("Features", row => Enumerable.Repeat(row == bad ? float.NaN : row, 400).ToArray(), 1, 20, 20),
            Images.Number());
        using var model = Images.Trainer(Ml).Fit(Images.Labelled(12, ImageKind.GreyFloats));
        var scored = model.Transform(data);
        using var cursor = scored.GetRowCursor([scored.Schema["Number"], scored.Schema["Score"]]);
        var number = cursor.GetGetter<int>(scored.Schema["Number"]);
        var score = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        for (var row = 0; row < bad; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            var (n, s) = (-1, default(VBuffer<float>));
            number(ref n);
            score(ref s);
            Assert.AreEqual(row, n);
            Assert.AreEqual(1, s.DenseValues().Sum(), 1e-5);
        }

        StringAssert.Contains(Assert.ThrowsExactly<UnusableImageException>(() => cursor.MoveNext()).Message, $"row {bad}");
    }

    [TestMethod]
    public void A_cursor_that_is_closed_early_frees_its_images()
    {
        using var model = Images.Trainer(Ml).Fit(Images.Labelled(12));
        var tensors = NativeTensors.Count();
        var data = Images.Unlabelled(30);
        var scored = model.Transform(data);
        var cursor = scored.GetRowCursor(scored.Schema);
        var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        for (var row = 0; row < 5; row++)
        {
            cursor.MoveNext();
        }

        var score = default(VBuffer<float>);
        getter(ref score);
        cursor.Dispose();
        cursor.Dispose();
        model.Dispose();

        Assert.AreEqual(tensors, Tensor.TotalCount);
        Assert.AreEqual(0, data.OpenCursors);
        Assert.IsFalse(cursor.MoveNext());
    }

    [TestMethod]
    public void It_is_read_by_one_cursor_in_the_data_s_order()
    {
        var data = Images.Unlabelled(20, more: [Images.Number()]);
        var scored = Model.Transform(data);

        Assert.IsFalse(scored.CanShuffle);
        Assert.AreEqual(20, scored.GetRowCount());
        Assert.HasCount(1, scored.GetRowCursorSet(scored.Schema, 4));
        using var cursor = scored.GetRowCursor(scored.Schema, new Random(3));
        var number = cursor.GetGetter<int>(scored.Schema["Number"]);
        for (var row = 0; cursor.MoveNext(); row++)
        {
            var n = -1;
            number(ref n);
            Assert.AreEqual(row, n);
        }
    }

    [TestMethod]
    public void What_a_caller_writes_into_a_vector_that_it_was_given_changes_nothing()
    {
        var data = Images.Unlabelled(4, more: [Images.Vector("Vector", row => new[] { (float)row, 2 }, 2)]);
        var scored = Model.Transform(data);
        using var cursor = scored.GetRowCursor(scored.Schema);
        var getters = (string[])["Vector", "Score"];
        while (cursor.MoveNext())
        {
            foreach (var name in getters)
            {
                var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema[name]);
                var (one, other) = (default(VBuffer<float>), default(VBuffer<float>));
                getter(ref one);
                var before = one.DenseValues().ToArray();
                VBufferEditor.CreateFromBuffer(ref one).Values.Clear();
                getter(ref other);
                CollectionAssert.AreEqual(before, other.DenseValues().ToArray(), name);
            }
        }
    }
}
