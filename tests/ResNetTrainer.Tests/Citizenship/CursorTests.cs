using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

/// <summary>A cursor over scores delivers what the data had, in its order, with the scores beside it.</summary>
[TestClass]
public class CursorTests
{
    private const int Rows = 300;

    private static readonly MLContext Ml = Pictures.Context();
    private static readonly ResNetTransformer Model = Pictures.Trainer(Ml).Fit(Pictures.Labelled());

    [TestMethod]
    public void Columns_of_all_kinds_line_up_with_their_scores_and_ids()
    {
        var data = Pictures.Unlabelled(Rows, more:
        [
            Pictures.Number(),
            Pictures.Text("Text", row => $"row {row}"),
            Pictures.Vector("Vector", row => Enumerable.Repeat((float)row, 1 + (row % 5)).ToArray()),
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
    public void Pictures_are_passed_on_beside_their_scores()
    {
        var data = Pictures.Unlabelled(5, more: [new MemoryColumn<MLImage>("Photo", new ImageDataViewType(20, 20), row => Pictures.Image(row, 3, 20))]);
        var scored = Snapshot.Of(Model.Transform(data), "Photo", "Score");

        Snapshot.AssertEqual(Snapshot.Of(data, "Photo"), [.. scored.Select(line => line[..line.IndexOf(", Score", StringComparison.Ordinal)])], "pictures");
    }

    [TestMethod]
    public void A_row_scored_alone_gets_what_it_gets_in_a_batch()
    {
        var batched = Snapshot.Scores(Model.Transform(Pictures.Unlabelled(20)));
        var alone = Enumerable.Range(1, 19).Select(row => Snapshot.Scores(Model.Transform(Ml.Data.SkipRows(Pictures.Unlabelled(row + 1), row)))[0]);

        Snapshot.AssertNear(batched[1..], [.. alone]);
    }

    [TestMethod]
    public void The_first_row_is_scored_before_the_others_are_read()
    {
        var data = Pictures.Unlabelled(Rows);
        using var cursor = Model.Transform(data).GetRowCursor(Model.GetOutputSchema(data.Schema));
        cursor.MoveNext();

        Assert.AreEqual(1, data.RowsRead);
    }

    [TestMethod]
    public void An_error_upstream_comes_at_its_own_row()
    {
        var data = Pictures.Unlabelled(Rows);
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
        var data = Pictures.Unlabelled(10, more: [Pictures.Number(), Pictures.Text("Text", _ => "")]);
        var scored = Model.Transform(data);
        Snapshot.Of(scored, "Number");
        Snapshot.Of(scored, "Score");

        CollectionAssert.AreEqual((string[])["Number"], data.Asked[0]);
        CollectionAssert.AreEqual((string[])["Features"], data.Asked[1]);
    }

    [TestMethod]
    public void Several_cursors_go_their_own_ways_and_are_closed()
    {
        var data = Pictures.Unlabelled(30, more: [Pictures.Number()]);
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
        var data = Pictures.Unlabelled(40, more: [Pictures.Number()]);
        var expected = Snapshot.Of(Model.Transform(data), "Number", "Score").Select(Values).ToHashSet();

        foreach (var source in (IDataView[])[Ml.Data.ShuffleRows(data, seed: 3), Ml.Data.Cache(data), Ml.Data.FilterRowsByColumn(Numbered(data), "Real", 10, 30)])
        {
            var lines = Snapshot.Of(Model.Transform(source), "Number", "Score").Select(Values).ToArray();
            Assert.IsNotEmpty(lines);
            foreach (var line in lines)
            {
                var number = line[..line.IndexOf(',')];
                Assert.IsTrue(expected.Any(other => other.StartsWith($"{number},", StringComparison.Ordinal)), line);
            }
        }

        static string Values(string line) => line[(line.IndexOf(' ') + 1)..];
        static IDataView Numbered(IDataView data) => Ml.Transforms.Conversion.ConvertType("Real", "Number").Fit(data).Transform(data);
    }

    [TestMethod]
    [DataRow("Score", true)]
    [DataRow("Score", false)]
    public void Reading_before_the_first_row_is_a_clear_error(string column, bool batched)
    {
        var data = Pictures.Unlabelled(3, more: batched ? [] : [new MemoryColumn<MLImage>("Photo", new ImageDataViewType(20, 20), row => Pictures.Image(row, 3, 20))]);
        var scored = Model.Transform(data);
        using var cursor = scored.GetRowCursor(batched ? [scored.Schema[column]] : scored.Schema);
        var getter = cursor.GetGetter<VBuffer<float>>(scored.Schema[column]);
        var score = default(VBuffer<float>);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => getter(ref score)).Message, "MoveNext");
    }
}
