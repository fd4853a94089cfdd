using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>Images that cannot be read end scoring, or have no scores, as one likes.</summary>
[TestClass]
public sealed class UnreadableRowTests
{
    private static readonly List<string> Log = [];
    private static readonly MLContext Ml = Images.Context(Log);
    private static TwoClassFolder _folder = null!;
    private static ResNetTransformer _model = null!;
    private static ResNetTransformer _tolerant = null!;

    [ClassInitialize]
    public static void Fit(TestContext context)
    {
        _folder = new(40);
        _model = _folder.Fit(Ml);
        _folder.Write("cat", "image1.bmp", [1, 2, 3]);
        _folder.Write("dog", "image0.png", []);
        _tolerant = _model.WithUnreadableImages(UnreadableImages.Skip);
    }

    [ClassCleanup]
    public static void Dispose()
    {
        _tolerant.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    [DataRow("ImageBytes")]
    [DataRow("Image")]
    public void Such_rows_have_no_scores_and_the_others_theirs(string column)
    {
        var data = Data(column);
        var isBad = data.GetColumn<string>("ImagePath").Select(IsBad).ToArray();
        Log.Clear();

        var rows = Ml.Data.CreateEnumerable<Row>(_tolerant.Transform(data), reuseRowObject: false).ToArray();

        Assert.AreEqual(2, isBad.Count(bad => bad));
        Assert.HasCount(42, rows);
        var expected = Snapshot.Scores(_model.Transform(Good(column)));
        var good = rows.Where((_, row) => !isBad[row]).Select(row => row.Score).ToArray();
        foreach (var (one, other) in expected.Zip(good))
        {
            CollectionAssert.AreEqual(one, other);
        }

        Assert.IsTrue(rows.Where((_, row) => isBad[row]).All(row => row.Score.All(float.IsNaN) && row.PredictedLabel == 0));
        Assert.IsTrue(rows.Where((_, row) => !isBad[row]).All(row => row.PredictedLabel > 0));
        var said = Log.Where(line => line.Contains("A row has no scores", StringComparison.Ordinal)).ToArray();
        Assert.HasCount(2, said);
        Assert.Contains("image1.bmp", said[0]);
        Assert.Contains("image0.png", said[1]);
    }

    [TestMethod]
    [DataRow("ImageBytes")]
    [DataRow("Image")]
    public void Where_the_image_is_asked_for_besides_the_rows_before_have_their_scores(string column)
    {
        using var folder = new TwoClassFolder(12);
        var images = Ml.Data.LoadFromImageFolder(folder.Path);
        var data = column == "ImageBytes"
            ? images
            : Ml.Transforms.CopyColumns("Copy", "ImageBytes").Append(Ml.Transforms.CopyColumns("ImageBytes", "Image"))
                .Fit(images).Transform(images);
        var expected = Snapshot.Scores(_model.Transform(data)).Take(5).ToArray();
        File.Delete(images.GetColumn<string>("ImagePath").ElementAt(5));
        var scored = _tolerant.Transform(data);
        List<float[]> scores = [];

        var error = Assert.Throws<UnusableImageException>(() =>
        {
            var (score, bytes) = (scored.Schema["Score"], scored.Schema[column == "ImageBytes" ? column : "Copy"]);
            using var cursor = scored.GetRowCursor([score, bytes]);
            var (getScore, getBytes) = (cursor.GetGetter<VBuffer<float>>(score), cursor.GetGetter<VBuffer<byte>>(bytes));
            VBuffer<float> values = default;
            VBuffer<byte> file = default;
            while (cursor.MoveNext())
            {
                getScore(ref values);
                getBytes(ref file);
                scores.Add([.. values.DenseValues()]);
            }
        });

        StringAssert.Contains(error.Message, "is not there any more");
        Assert.HasCount(5, scores);
        foreach (var (one, other) in expected.Zip(scores))
        {
            CollectionAssert.AreEqual(one, other);
        }
    }

    [TestMethod]
    public void A_single_row_too_and_the_next_one_has_its_own()
    {
        using var engine = Ml.Model.CreatePredictionEngine<Photo, Row>(_tolerant, new PredictionEngineOptions { OwnsTransformer = false });
        var bytes = File.ReadAllBytes(_folder.PathOf("cat", "image2.bmp"));
        var expected = engine.Predict(new() { ImageBytes = bytes }).Score;

        var bad = engine.Predict(new() { ImageBytes = [1, 2, 3] });

        Assert.IsTrue(bad.Score.All(float.IsNaN));
        Assert.AreEqual(0u, bad.PredictedLabel);
        CollectionAssert.AreEqual(expected, engine.Predict(new() { ImageBytes = bytes }).Score);
    }

    [TestMethod]
    public void Evaluate_leaves_them_out()
    {
        var metrics = Ml.MulticlassClassification.Evaluate(_tolerant.Transform(Data("ImageBytes")));
        var good = Ml.MulticlassClassification.Evaluate(_model.Transform(Good("ImageBytes")));

        Assert.AreEqual(good.LogLoss, metrics.LogLoss, 1e-9);
        Assert.AreEqual(good.MicroAccuracy, metrics.MicroAccuracy, 1e-9);
        Assert.AreEqual(40, metrics.ConfusionMatrix.Counts.Sum(row => row.Sum()));
    }

    [TestMethod]
    public void Otherwise_they_are_an_error_also_after_saving_and_after_a_change_of_something_else()
    {
        using var stream = new MemoryStream();
        Ml.Model.Save(_tolerant, null, stream);
        stream.Position = 0;
        using var loaded = (ResNetTransformer)Ml.Model.Load(stream, out _);
        using var surer = _tolerant.WithRejectBelow(0.1).WithDevice(ComputeDevice.Cpu);

        Assert.Throws<UnusableImageException>(() => Snapshot.Scores(_model.Transform(Data("ImageBytes"))));
        Assert.Throws<UnusableImageException>(() => Snapshot.Scores(loaded.Transform(Data("ImageBytes"))));
        Assert.HasCount(42, Snapshot.Scores(surer.Transform(Data("ImageBytes"))));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _model.WithUnreadableImages((UnreadableImages)9));
    }

    private static bool IsBad(string path) => path.EndsWith("image1.bmp", StringComparison.Ordinal) && path.Contains("cat")
        || path.EndsWith("image0.png", StringComparison.Ordinal);

    private static IDataView Good(string column) => Ml.Data.FilterByCustomPredicate<Named>(Data(column), file => IsBad(file.ImagePath));

    // Under the name that the model asks for.
    private static IDataView Data(string column)
    {
        var data = Ml.Data.LoadFromImageFolder(_folder.Path);
        return column == "ImageBytes" ? data : Ml.Transforms.CopyColumns("ImageBytes", column).Fit(data).Transform(data);
    }

    private sealed class Photo
    {
        public byte[] ImageBytes { get; set; } = [];
    }

    private sealed class Named
    {
        public string ImagePath { get; set; } = "";
    }

    private sealed class Row
    {
        public float[] Score { get; set; } = [];

        public uint PredictedLabel { get; set; }
    }
}
