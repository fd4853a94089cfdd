using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Data;

/// <summary>TrainTestSplitByClass: each row on one side, each class on both.</summary>
[TestClass]
public sealed class ClassSplitTests
{
    private readonly MLContext _ml = new(seed: 3);

    [TestMethod]
    public void Each_class_has_its_share_on_both_sides_and_each_row_is_on_one()
    {
        var rows = Rows(("ant", 100), ("bee", 10), ("cow", 2), ("dog", 1));
        var split = _ml.Data.TrainTestSplitByClass(_ml.Data.LoadFromEnumerable(rows), testFraction: 0.2);

        var (train, test) = (Read(split.TrainSet), Read(split.TestSet));
        CollectionAssert.AreEqual((string[])["ant 20", "bee 2", "cow 1"], Counts(test));
        CollectionAssert.AreEqual((string[])["ant 80", "bee 8", "cow 1", "dog 1"], Counts(train));
        CollectionAssert.AreEqual(rows.Select(row => row.Number).ToArray(), train.Concat(test).Select(row => row.Number).Order().ToArray());
        CollectionAssert.AreEqual(test.Select(row => row.Number).Order().ToArray(), test.Select(row => row.Number).ToArray(), "order");
        Assert.AreEqual(90L, split.TrainSet.GetRowCount());
        Assert.AreEqual(23L, split.TestSet.GetRowCount());
    }

    [TestMethod]
    public void The_seed_draws_the_rows_and_nothing_else_does()
    {
        var data = _ml.Data.LoadFromEnumerable(Rows(("ant", 50), ("bee", 50)));
        int[] Test(MLContext ml, int? seed = null) =>
            [.. Read(ml.Data.TrainTestSplitByClass(data, 0.2, seed: seed).TestSet).Select(row => row.Number)];

        CollectionAssert.AreEqual(Test(_ml), Test(new(seed: 3)));
        CollectionAssert.AreEqual(Test(_ml), Test(new(seed: 4), seed: 3));
        CollectionAssert.AreEqual(Test(new()), Test(new(), seed: 0));
        CollectionAssert.AreNotEqual(Test(_ml), Test(new(seed: 4)));
        CollectionAssert.AreNotEqual(Enumerable.Range(0, 10).ToArray(), Test(_ml)[..10], "They are not the first ones.");
    }

    [TestMethod]
    public void Rows_stay_on_their_side_when_they_are_shuffled_cached_or_read_in_parallel()
    {
        var data = _ml.Data.Cache(_ml.Data.LoadFromEnumerable(Rows(("ant", 6000), ("bee", 6000))));
        var test = _ml.Data.TrainTestSplitByClass(data, 0.5).TestSet;
        var expected = Read(test).Select(row => row.Number).Order().ToArray();

        var shuffled = Read(_ml.Data.ShuffleRows(test)).Select(row => row.Number).ToArray();
        CollectionAssert.AreNotEqual(expected, shuffled);
        CollectionAssert.AreEqual(expected, shuffled.Order().ToArray());
        CollectionAssert.AreEqual(expected, Read(_ml.Data.Cache(test)).Select(row => row.Number).Order().ToArray());

        var number = test.Schema["Number"];
        List<int> parallel = [];
        var cursors = test.GetRowCursorSet([number], 3);
        Assert.IsGreaterThan(1, cursors.Length);
        foreach (var cursor in cursors)
        {
            using (cursor)
            {
                var get = cursor.GetGetter<int>(number);
                var value = 0;
                while (cursor.MoveNext())
                {
                    get(ref value);
                    parallel.Add(value);
                }
            }
        }

        CollectionAssert.AreEqual(expected, parallel.Order().ToArray());
    }

    [TestMethod]
    public void Labels_are_keys_text_or_numbers()
    {
        var rows = Rows(("1", 10), ("2", 30));
        var text = _ml.Data.LoadFromEnumerable(rows);
        var key = _ml.Transforms.Conversion.MapValueToKey("Label").Fit(text).Transform(text);
        var number = _ml.Transforms.Conversion.ConvertType("Label", outputKind: DataKind.Single).Fit(text).Transform(text);
        int[] Test(IDataView data) => [.. data.GetColumn<int>("Number")];

        var expected = Test(_ml.Data.TrainTestSplitByClass(text).TestSet);
        Assert.HasCount(4, expected);
        CollectionAssert.AreEqual(expected, Test(_ml.Data.TrainTestSplitByClass(key).TestSet));
        CollectionAssert.AreEqual(expected, Test(_ml.Data.TrainTestSplitByClass(number).TestSet));
    }

    [TestMethod]
    [DataRow("Kind")]
    [DataRow("Text")]
    [DataRow("Number")]
    public void Rows_without_a_class_are_not_tested_on(string column)
    {
        var data = new MemoryDataView(
            40,
            new MemoryColumn<uint>("Kind", new KeyDataViewType(typeof(uint), 2), row => row % 4 == 3 ? 0 : (uint)(row % 2) + 1),
            new MemoryColumn<ReadOnlyMemory<char>>(
                "Text", TextDataViewType.Instance, row => (row % 4 == 3 ? "" : $"{row % 2}").AsMemory()),
            new MemoryColumn<float>("Number", NumberDataViewType.Single, row => row % 4 == 3 ? float.NaN : row % 2));

        var split = _ml.Data.TrainTestSplitByClass(data, 0.5, column);

        Assert.AreEqual(15L, split.TestSet.GetRowCount());
        Assert.IsFalse(split.TestSet.GetColumn<uint>("Kind").Contains(0u));
        Assert.AreEqual(10, split.TrainSet.GetColumn<uint>("Kind").Count(kind => kind == 0));
    }

    [TestMethod]
    public void Images_are_not_read_to_split_them()
    {
        using var folder = new ImageFolderFixture();
        foreach (var name in (string[])["ant", "bee"])
        {
            for (var i = 0; i < 5; i++)
            {
                folder.Add($"images/{name}/{i}.png");
            }
        }

        var images = folder.Context.Data.LoadFromImageFolder(folder.In("images"));
        foreach (var file in images.GetColumn<string>("ImagePath"))
        {
            File.Delete(file);
        }

        Assert.AreEqual(2L, folder.Context.Data.TrainTestSplitByClass(images, 0.2).TestSet.GetRowCount());
    }

    [TestMethod]
    public void What_cannot_be_split_is_an_error()
    {
        var data = _ml.Data.LoadFromEnumerable(Rows(("ant", 1), ("bee", 1)));

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => _ml.Data.TrainTestSplitByClass(data, 0.2));
        StringAssert.Contains(error.Message, "No class of the column 'Label' has two rows");
        var missing = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.TrainTestSplitByClass(data, 0.2, "Class"));
        StringAssert.Contains(missing.Message, "label column 'Class'");
        StringAssert.Contains(missing.Message, "'Label', 'Number'");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.TrainTestSplitByClass(data, 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.TrainTestSplitByClass(data, double.NaN));

        var vector = new MemoryDataView(2, Images.Features());
        var mistyped = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Data.TrainTestSplitByClass(vector, 0.2, "Features"));
        StringAssert.Contains(mistyped.Message, "a key, text or a number");
        error = Assert.ThrowsExactly<InvalidOperationException>(() => _ml.Data.TrainTestSplitByClass(new OneId(data), 0.2));
        StringAssert.Contains(error.Message, "have the same id");
    }

    private static Row[] Rows(params (string Label, int Count)[] classes)
    {
        // Classes in turn, as far as they reach.
        var labels = classes.SelectMany(each => Enumerable.Range(0, each.Count).Select(place => (place, each.Label)))
            .OrderBy(each => each.place);
        return [.. labels.Select((each, number) => new Row { Label = each.Label, Number = number })];
    }

    private Row[] Read(IDataView data) => [.. _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false)];

    private static string[] Counts(Row[] rows) =>
        [.. rows.GroupBy(row => row.Label).OrderBy(group => group.Key).Select(group => $"{group.Key} {group.Count()}")];

    /// <summary>Data whose rows all say the same of themselves.</summary>
    private sealed class OneId(IDataView data) : IDataView
    {
        public bool CanShuffle => false;

        public DataViewSchema Schema => data.Schema;

        public long? GetRowCount() => null;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
            new Cursor(data.GetRowCursor(columnsNeeded));

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
            [GetRowCursor(columnsNeeded)];

        private sealed class Cursor(DataViewRowCursor input) : DataViewRowCursor
        {
            public override DataViewSchema Schema => input.Schema;

            public override long Position => input.Position;

            public override long Batch => input.Batch;

            public override bool MoveNext() => input.MoveNext();

            public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);

            public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => input.GetGetter<TValue>(column);

            public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = default;
        }
    }

    private sealed class Row
    {
        public string Label { get; set; } = "";

        public int Number { get; set; }
    }
}
