using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Citizenship;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Scoring;

/// <summary>ExplainImage: a column that says where the network looked.</summary>
[TestClass]
public class HeatMapTests
{
    private const int Size = 40;

    private static readonly MLContext Ml = Images.Context();
    private static readonly ResNetTransformer Model = Images.Trainer(Ml).Fit(Images.Labelled(60, size: Size));

    [TestMethod]
    [DataRow(ImageKind.GreyBytes)]
    [DataRow(ImageKind.Image)]
    [DataRow(ImageKind.Encoded)]
    [DataRow(ImageKind.SparseFloats)]
    public void It_passes_the_workout_of_an_estimator(ImageKind kind)
    {
        using var model = Images.Trainer(Ml, kind, options => options.ImageSize = 24).Fit(Images.Labelled(12, kind));
        new EstimatorWorkout(Ml, Ml.Transforms.ExplainImage("HeatMap", model, options: new() { ImageColumnName = "Seen" }))
        {
            Output = "HeatMap",
            Valid = Images.Labelled(30, kind),
            Invalid =
            [
                new MemoryDataView(3, Images.Number()),
                new MemoryDataView(3, Images.Text("Features", _ => "an image")),
            ],
            InvalidDimensions = [new MemoryDataView(3, Images.Vector("Features", _ => new byte[2 * 400], 2, 20, 20))],
        }.Run();
    }

    [TestMethod]
    public void A_map_has_the_size_that_the_network_sees_and_values_from_0_to_1()
    {
        var explained = Explain(Images.Unlabelled(40, size: Size));

        CollectionAssert.AreEqual((int[])[Size, Size], ((VectorDataViewType)explained.Schema["HeatMap"].Type).Dimensions.ToArray());
        foreach (var map in Snapshot.Scores(explained, "HeatMap"))
        {
            Assert.HasCount(Size * Size, map);
            Assert.IsTrue(map.All(value => value is >= 0 and <= 1));
            Assert.IsTrue(map.Max() is 1 or 0);
        }
    }

    [TestMethod]
    public void It_shows_where_that_is_by_which_the_class_is_told()
    {
        var data = Patches(96);
        using var model = Images.Trainer(Ml, change: options =>
        {
            (options.NumberOfEpochs, options.LearningRate, options.Threads) = (10, 0.05, 1);
            options.Architecture = options.Architecture! with { Depths = new(1, 1, 1), Stem = ResNetStem.Small };
        }).Fit(data);
        var maps = Snapshot.Scores(Ml.Transforms.ExplainImage("HeatMap", model).Fit(data).Transform(data), "HeatMap");

        Assert.AreEqual(1, Ml.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy, "The test is about one that knows.");
        var hits = maps.Select((map, row) => Enumerable.Range(0, 4).MaxBy(quarter => Sum(map, quarter)) == row / 2 % 4).Count(hit => hit);
        Assert.IsGreaterThan(0.9, hits / 96.0);

        // Of an image of 32x32, the quarter that an index means.
        static bool IsIn(int pixel, int quarter) => (pixel / 32 / 16 * 2) + (pixel % 32 / 16) == quarter;

        static float Sum(float[] map, int quarter) => map.Where((_, pixel) => IsIn(pixel, quarter)).Sum();

        // Stripes in one of the quarters, upright or lying, and noise everywhere.
        static MemoryDataView Patches(int rows) => new(
            rows,
            Images.Vector("Features", row => Enumerable.Range(0, 32 * 32).Select(pixel =>
            {
                var noise = (uint)((row * 1024) + pixel + 1) * 2654435761u >> 13;
                var stripe = (row % 2 == 0 ? pixel / 32 : pixel) / 2 % 2 == 0;
                return (byte)((noise % 20) + (IsIn(pixel, row / 2 % 4) && stripe ? 180 : 0));
            }).ToArray(), 1, 32, 32),
            new MemoryColumn<uint>("Label", new KeyDataViewType(typeof(uint), 2), row => (uint)(row % 2) + 1));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void It_is_of_the_likeliest_class_or_of_the_one_that_is_asked_for(bool flip)
    {
        // The halves are of two classes, so that the mirror image often seems to be of another than the image.
        var data = new MemoryDataView(60, Images.Vector("Features", Halves, 1, Size, Size));
        using var model = Fit(flip);
        var classes = Classes(model);
        var maps = Images.ClassNames.Select(name => Maps(new() { ClassName = name })).ToArray();

        Snapshot.AssertNear([.. classes.Select((@class, row) => maps[@class][row])], Maps(null));
        Assert.IsTrue(maps[0][0].Zip(maps[1][0]).Any(pair => Math.Abs(pair.First - pair.Second) > 0.01));
        using var other = Fit(!flip);
        CollectionAssert.AreNotEqual(classes, Classes(other), "The test is about images of which the mirror image changes the class.");

        ResNetTransformer Fit(bool flip) =>
            Images.Trainer(Images.Context(), change: options => (options.TestTimeAugmentation, options.NumberOfEpochs) =
                (flip ? TestTimeAugmentation.Flip : TestTimeAugmentation.None, 3)).Fit(Images.Labelled(60, size: Size));

        int[] Classes(ResNetTransformer model) =>
            [.. Snapshot.Scores(model.Transform(data)).Select(row => Array.IndexOf(row, row.Max()))];

        static byte[] Halves(int row)
        {
            var (left, right) = (PixelPattern.Planes(row, 1, Size, Size), PixelPattern.Planes(row / 3, 1, Size, Size));
            return [.. left.Select((pixel, at) => at % Size < Size / 2 ? pixel : right[at])];
        }

        float[][] Maps(HeatMapOptions? options) =>
            Snapshot.Scores(Ml.Transforms.ExplainImage("HeatMap", model, options: options).Fit(data).Transform(data), "HeatMap");
    }

    [TestMethod]
    public void Nothing_speaks_for_a_class_whose_weights_are_all_negative()
    {
        var zip = SavedZip.ChangeTensors((name, shape, data) =>
            (name, shape, name == "fc.weight" ? [.. data.Select(value => -Math.Abs(value))] : data));
        using var model = (ResNetTransformer)SavedZip.Load(zip);
        var data = Images.Unlabelled(5);

        var maps = Snapshot.Scores(Ml.Transforms.ExplainImage("HeatMap", model).Fit(data).Transform(data), "HeatMap");

        Assert.IsTrue(maps.All(map => map.All(value => value == 0)));
    }

    [TestMethod]
    [DataRow(ResizeMode.Stretch)]
    [DataRow(ResizeMode.Pad)]
    [DataRow(ResizeMode.CenterCrop)]
    public void The_image_that_the_network_sees_comes_along(ResizeMode mode)
    {
        using var model = Images.Trainer(Ml, ImageKind.Encoded, options => (options.ImageSize, options.ResizeMode) = (24, mode))
            .Fit(Images.Labelled(12, ImageKind.Encoded));
        var wide = new MemoryDataView(3, Images.Vector("Photo", i => PixelPattern.Bmp(i, 3, 24, 48)));
        var explained = Ml.Transforms.ExplainImage("HeatMap", model, "Photo", new() { ImageColumnName = "Seen" }).Fit(wide).Transform(wide);
        var seen = Snapshot.Scores(explained, "Seen");

        CollectionAssert.AreEqual((int[])[3, 24, 24], ((VectorDataViewType)explained.Schema["Seen"].Type).Dimensions.ToArray());
        var planes = PixelPattern.Planes(1, 3, 24, 48);
        if (mode == ResizeMode.CenterCrop)
        {
            Assert.AreEqual(planes[12] / 255f, seen[1][0], 1e-4f);
        }

        Assert.AreEqual(mode == ResizeMode.Pad, seen[1].Take(24 * 6).All(value => value == 0));
        Assert.IsTrue(seen.All(image => image.All(value => value is >= 0 and <= 1)));
    }

    [TestMethod]
    public void Single_rows_chains_and_loaded_models_explain_alike()
    {
        var data = Images.Unlabelled(5, size: Size);
        var chain = Model.Append(Ml.Transforms.ExplainImage("HeatMap", Model).Fit(data));
        using var stream = new MemoryStream();
        Ml.Model.Save(chain, data.Schema, stream);
        var loaded = new MLContext().Model.Load(stream, out _);
        var expected = Snapshot.Scores(Explain(data), "HeatMap");
        using var engine = Ml.Model.CreatePredictionEngine<Pixels, Explanation>(chain);

        Snapshot.AssertNear(expected, Snapshot.Scores(loaded.Transform(data), "HeatMap"));
        var single = data.GetColumn<byte[]>("Features").Select(each => engine.Predict(new() { Features = each }).HeatMap);
        Snapshot.AssertNear(expected, [.. single]);
        Snapshot.AssertNear(
            expected, Snapshot.Scores(Ml.Transforms.ExplainImage("HeatMap", loaded).Fit(data).Transform(data), "HeatMap"));
    }

    [TestMethod]
    public void What_is_saved_is_kept()
    {
        var data = Images.Unlabelled(5, size: Size);
        var options = new HeatMapOptions { ClassName = "bottom", ImageColumnName = "Seen" };
        using var maps = Ml.Transforms.ExplainImage("Heat", Model, options: options).Fit(data);
        using var stream = new MemoryStream();
        Ml.Model.Save(maps, data.Schema, stream);
        using var loaded = (HeatMapTransformer)new MLContext().Model.Load(stream, out _);

        Assert.AreEqual(
            ("Heat", "Features", "Seen", "bottom"),
            (loaded.OutputColumnName, loaded.InputColumnName, loaded.ImageColumnName, loaded.ClassName));
        CollectionAssert.AreEqual(Model.Model.ClassNames.ToArray(), loaded.Model.ClassNames.ToArray());
        Snapshot.AssertEqual(Snapshot.Of(maps.Transform(data)), Snapshot.Of(loaded.Transform(data)), "heat maps");
    }

    [TestMethod]
    [DataRow("className", "\"nobody\"", "nobody")]
    [DataRow("heatMapColumnName", "\"\"", "heatMapColumnName")]
    [DataRow("imageColumnName", "\"HeatMap\"", "imageColumnName")]
    [DataRow("formatVersion", "0", "formatVersion")]
    [DataRow("formatVersion", "2", "newer version")]
    public void A_damaged_or_newer_file_is_refused(string name, string value, string word)
    {
        using var maps = Ml.Transforms.ExplainImage("HeatMap", Model).Fit(Images.Unlabelled(5, size: Size));
        using var stream = new MemoryStream();
        Ml.Model.Save(maps, null, stream);

        SavedZip.Refused(SavedZip.Change(
            "heatmap.json",
            bytes =>
            {
                var json = System.Text.Json.Nodes.JsonNode.Parse(bytes)!;
                json[name] = System.Text.Json.Nodes.JsonNode.Parse(value);
                return System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());
            },
            stream.ToArray()), word);
        SavedZip.Refused(SavedZip.Change("heatmap.json", _ => null, stream.ToArray()), "heatmap.json is missing");
    }

    [TestMethod]
    public void What_cannot_be_explained_is_said()
    {
        var data = Images.Unlabelled(5, size: Size);
        var other = Ml.Transforms.CopyColumns("Copy", "Features").Fit(data);

        Says(() => Ml.Transforms.ExplainImage("HeatMap", other), "ResNetTransformer");
        Says(() => Ml.Transforms.ExplainImage("HeatMap", Model, options: new() { ClassName = "cat" }), "'cat'", "'middle'");
        Says(() => Ml.Transforms.ExplainImage("HeatMap", Model, options: new() { ImageColumnName = "HeatMap" }), "'HeatMap'");
        Says(() => Ml.Transforms.ExplainImage("HeatMap", Model, options: new() { ImageColumnName = " " }), "ImageColumnName");
        Says(() => Ml.Transforms.ExplainImage("HeatMap", Model, " "), "inputColumnName");
        using var maps = Ml.Transforms.ExplainImage("HeatMap", Model).Fit(data);
        Says(() => Ml.Model.ConvertToOnnx(maps, data, Stream.Null), "ConvertToOnnx", "heat maps");

        static void Says(Action action, params string[] words)
        {
            var error = Assert.ThrowsExactly<InvalidOperationException>(action);
            Array.ForEach(words, word => Assert.Contains(word, error.Message));
        }
    }

    [TestMethod]
    public void A_model_may_be_disposed_and_an_explainer_used_again()
    {
        var data = Images.Unlabelled(5);
        var model = Images.Trainer(Ml).Fit(Images.Labelled());
        var maps = Ml.Transforms.ExplainImage("HeatMap", model).Fit(data);
        model.Dispose();
        var before = Snapshot.Scores(maps.Transform(data), "HeatMap");
        maps.Dispose();

        Snapshot.AssertNear(before, Snapshot.Scores(maps.Transform(data), "HeatMap"));
        maps.Dispose();
    }

    [TestMethod]
    public void Only_what_is_asked_for_is_computed()
    {
        var data = Images.Unlabelled(10, size: Size, more: [Images.Number()]);
        var explained = Explain(data);
        Snapshot.Of(explained, "Number");
        Snapshot.Of(explained, "HeatMap");

        CollectionAssert.AreEqual((string[])["Number"], data.Asked[0]);
        CollectionAssert.AreEqual((string[])["Features"], data.Asked[1]);
    }

    private static IDataView Explain(IDataView data) => Ml.Transforms.ExplainImage("HeatMap", Model).Fit(data).Transform(data);

    private sealed class Pixels
    {
        [VectorType(1, Size, Size)]
        public byte[] Features { get; set; } = [];
    }

    private sealed class Explanation
    {
        [VectorType(Size, Size)]
        public float[] HeatMap { get; set; } = [];
    }
}
