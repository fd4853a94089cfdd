using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

/// <summary>What of ML.NET walks through a pipeline, or goes on from scored data, finds the scores there.</summary>
[TestClass]
public sealed class WalkTests : IDisposable
{
    private const int Side = 6;

    private static readonly MLContext Ml = Images.Context();
    private static readonly Lazy<ResNetTransformer> _model = new(() => Images.Trainer(Ml).Fit(Images.Labelled()));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("resnet-walk-");

    public void Dispose() => _folder.Delete(recursive: true);

    [TestMethod]
    public void A_model_is_saved_and_loaded_with_its_data_loader()
    {
        var file = new MultiFileSource(WriteText());
        var loader = Ml.Data.CreateTextLoader(
            [new("Class", DataKind.String, 0), new("Features", DataKind.Single, 1, Side * Side)], separatorChar: ',');
        var model = Ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(Images.Trainer(Ml, ImageKind.FlatGreyFloats, options => options.ImageSize = 20))
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Fit(loader.Load(file));
        using var zip = new MemoryStream();
        Ml.Model.Save(model, loader, zip);
        var loaded = new MLContext().Model.LoadWithDataLoader(zip, out var loadedLoader);

        Snapshot.AssertEqual(
            Snapshot.Of(model.Transform(loader.Load(file)), "Score", "PredictedLabel"),
            Snapshot.Of(loaded.Transform(loadedLoader.Load(file)), "Score", "PredictedLabel"),
            "scores");
    }

    [TestMethod]
    public void A_loader_with_the_model_appended_gives_scores_by_itself()
    {
        var file = new MultiFileSource(WriteText());
        var loader = Ml.Data.CreateTextLoader(
            [new("Class", DataKind.String, 0), new("Features", DataKind.Single, 1, Side * Side)], separatorChar: ',');
        var pipeline = Ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(Images.Trainer(Ml, ImageKind.FlatGreyFloats, options => options.ImageSize = 20));
        var composite = loader.Append(pipeline).Fit(file);

        Snapshot.AssertEqual(
            Snapshot.Of(composite.Transformer.Transform(loader.Load(file)), "Score"), Snapshot.Of(composite.Load(file), "Score"), "scores");
    }

    [TestMethod]
    public void An_engine_finds_columns_of_other_names()
    {
        var scored = _model.Value.Transform(Images.Unlabelled(1));
        var renamed = _model.Value.Append(Ml.Transforms.CopyColumns("Probability", "Score").Fit(scored));
        using var engine = Ml.Model.CreatePredictionEngine<Pixels, Guess>(renamed);

        var guess = engine.Predict(new() { Values = PixelPattern.Planes(1, 1, Images.Size, Images.Size) });

        Snapshot.AssertNear([Snapshot.Scores(_model.Value.Transform(Images.Unlabelled(2)))[1]], [guess.Scores]);
    }

    [TestMethod]
    public void Scored_data_is_filtered_cached_shuffled_and_written()
    {
        var scored = _model.Value.Transform(Images.Labelled(24, more: [Images.Number()]));
        var expected = Rows(scored);
        using var stream = new MemoryStream();
        Ml.Data.SaveAsBinary(scored, stream);

        Snapshot.AssertEqual(expected, Rows(Ml.Data.Cache(scored, "Number", "Score")), "cached");
        CollectionAssert.AreEquivalent(expected, Rows(Ml.Data.ShuffleRows(scored)));
        Snapshot.AssertEqual(expected[5..9], Rows(Ml.Data.TakeRows(Ml.Data.SkipRows(scored, 5), 4)), "cut out");
        Snapshot.AssertEqual(expected, Rows(Ml.Data.LoadFromBinary(new StreamSource(stream))), "written");
    }

    // Without the ids of the rows, which are new ones in a cache and in a file.
    private static string[] Rows(IDataView data) =>
        [.. Snapshot.Of(data, "Number", "Score").Select(line => line[(line.IndexOf(':') + 1)..])];

    private string WriteText()
    {
        var file = Path.Combine(_folder.FullName, "data.csv");
        File.WriteAllLines(file, Enumerable.Range(0, 12).Select(row =>
            $"{Images.ClassNames[PixelPattern.ClassOf(row)]},{string.Join(",", PixelPattern.Planes(row, 1, Side, Side))}"));
        return file;
    }

    private sealed class Pixels
    {
        [ColumnName("Features")]
        [VectorType(1, Images.Size, Images.Size)]
        public byte[] Values { get; set; } = [];
    }

    private sealed class Guess
    {
        [ColumnName("Probability")]
        public float[] Scores { get; set; } = [];
    }

    private sealed class StreamSource(MemoryStream stream) : IMultiStreamSource
    {
        public int Count => 1;

        public string? GetPathOrNull(int index) => null;

        public Stream Open(int index) => new MemoryStream(stream.ToArray());

        public TextReader OpenTextReader(int index) => throw new NotSupportedException();
    }
}
