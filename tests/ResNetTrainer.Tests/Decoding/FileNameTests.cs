using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Decoding;

/// <summary>Where the data has the paths of images, errors name the file and not the row, which shuffling changes.</summary>
[TestClass]
public sealed class FileNameTests
{
    private static readonly MLContext Ml = Images.Context();

    private readonly TwoClassFolder _folder = new();

    [TestInitialize]
    public void AddText() => _folder.Write("dog", "broken.png", "no image"u8.ToArray());

    [TestCleanup]
    public void Clean() => _folder.Dispose();

    [TestMethod]
    [DataRow(0L)]
    [DataRow(long.MaxValue)]
    public void Fit_names_the_file(long budget) => NamesTheFile(() => Fit(Ml.Data.LoadFromImageFolder(_folder.Path), budget));

    [TestMethod]
    public void Fit_names_the_file_of_shuffled_rows() =>
        NamesTheFile(() => Fit(Ml.Data.ShuffleRows(Ml.Data.LoadFromImageFolder(_folder.Path), seed: 3)));

    [TestMethod]
    public void Transform_and_single_predictions_name_the_file()
    {
        using var model = Fit(Images.Labelled(kind: ImageKind.Encoded, more: [], size: 20), column: "Features");
        var files = Ml.Data.LoadFromImageFolder(_folder.Path);
        var data = Ml.Transforms.CopyColumns("Features", "ImageBytes").Fit(files).Transform(files);
        NamesTheFile(() => Snapshot.Scores(model.Transform(data)));

        using var engine = Ml.Model.CreatePredictionEngine<File, Scored>(model);
        NamesTheFile(() => engine.Predict(new() { ImagePath = "dog/broken.png", Features = new byte[10] }));
        Assert.HasCount(3, engine.Predict(new() { ImagePath = "x", Features = PixelPattern.Bmp(0, 3, 20, 20) }).Score);
    }

    [TestMethod]
    public void A_model_asks_for_no_paths_where_there_are_none_or_they_are_no_text()
    {
        var data = Images.Labelled(kind: ImageKind.Encoded, more: [Images.Number("ImagePath")]);
        using var model = Fit(data, column: "Features");
        Snapshot.Scores(model.Transform(data));

        Assert.IsTrue(data.Asked.All(columns => !columns.Contains("ImagePath")));
    }

    [TestMethod]
    public void What_fails_before_the_trainer_is_told_with_its_file()
    {
        var data = new MemoryDataView(
            6,
            Images.Vector("Features", row => row == 4 ? throw new FormatException("odd") : new byte[400], 1, 20, 20),
            Images.Key(LabelKind.Text),
            Images.Text("ImagePath", row => $"photo{row}.png"));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Ml).Fit(data));

        Assert.Contains("photo4.png", error.Message);
        Assert.Contains("odd", error.Message);
    }

    [TestMethod]
    public void What_fails_in_a_thread_of_a_cursor_is_told_and_not_how_it_was_wrapped()
    {
        var failing = Ml.Transforms.CustomMapping<Pixels, Pixels>((_, _) => throw new FormatException("odd"), contractName: null);
        var view = failing.Fit(Images.Labelled()).Transform(Images.Labelled());

        Assert.Contains("odd", Assert.ThrowsExactly<InvalidOperationException>(() => Images.Trainer(Ml).Fit(view)).Message);
    }

    [TestMethod]
    public void A_file_that_is_gone_when_its_shuffled_row_is_read_is_named()
    {
        System.IO.File.Delete(_folder.PathOf("dog", "broken.png"));
        _folder.Write("dog", "gone.png", PixelPattern.Bmp(1, 3, 20, 20));
        var data = Ml.Data.ShuffleRows(Ml.Data.LoadFromImageFolder(_folder.Path), seed: 3);
        System.IO.File.Delete(_folder.PathOf("dog", "gone.png"));

        Assert.Contains("gone.png", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(data)).Message);
    }

    private static ResNetTransformer Fit(IDataView data, long budget = long.MaxValue, string column = "ImageBytes") => Images.Trainer(
        Ml, ImageKind.Encoded, options => (options.FeatureColumnName, options.MemoryBudget) = (column, budget)).Fit(data);

    private static void NamesTheFile(Action action)
    {
        var error = Assert.ThrowsExactly<UnusableImageException>(action);
        Assert.Contains("broken.png", error.Message);
        Assert.DoesNotContain("row", error.Message);
        Assert.AreEqual("broken.png", Path.GetFileName(error.FileName));
    }

    private sealed class File
    {
        public string ImagePath { get; set; } = "";

        public byte[] Features { get; set; } = [];
    }

    private sealed class Scored
    {
        public float[] Score { get; set; } = [];
    }

    private sealed class Pixels
    {
        [Microsoft.ML.Data.VectorType(1, 20, 20)]
        public byte[] Features { get; set; } = [];
    }
}
