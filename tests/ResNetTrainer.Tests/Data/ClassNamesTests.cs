using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Data;

/// <summary>
/// ML.NET compares keys by number: so the numbers of two sets of data have to mean the same classes, or somebody has to say that they
/// do not.
/// </summary>
[TestClass]
public sealed class ClassNamesTests : IDisposable
{
    private static readonly string[] Names = ["ant", "bee", "cow"];

    private readonly ImageFolderFixture _folder = new();

    private MLContext Ml => _folder.Context;

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void A_folder_that_lacks_a_class_is_evaluated_rightly_with_the_names_of_the_model()
    {
        using var model = FitOnFolder();
        AddImages("few", 10, "bee", "cow", ".cache");

        var metrics = Evaluate(model, Ml.Data.LoadFromImageFolder(_folder.In("few"), model.Model.ClassNames));
        Assert.AreEqual(1.0, metrics.MicroAccuracy);
        Assert.HasCount(3, metrics.ConfusionMatrix.Counts);
        Assert.AreEqual("", _folder.Warnings);

        // Without them the keys mean other classes, and it is said: what, and what to do.
        Evaluate(model, Ml.Data.LoadFromImageFolder(_folder.In("few")));
        Assert.Contains("'Label' of the data to score has other classes than the model", _folder.Warnings);
        Assert.Contains("its key 1 is 'bee' where the model's is 'ant'", _folder.Warnings);
        Assert.Contains("classNames: Model.ClassNames of the ResNetTransformer", _folder.Warnings);
    }

    [TestMethod]
    public void The_warning_outlives_saving_and_loading_and_follows_the_name_of_the_label()
    {
        var kinds = new MemoryDataView(24, Images.Features(), Images.Key(LabelKind.Text, "Kind"));
        using var model = Images.Trainer(Ml, change: options => options.LabelColumnName = "Kind").Fit(kinds);
        var zip = Path.Combine(_folder.Root, "model.zip");
        Ml.Model.Save(model, null, zip);
        var loaded = Ml.Model.Load(zip, out _);

        loaded.Transform(new MemoryDataView(3, Images.Features(), Other("Label")));
        Assert.AreEqual("", _folder.Warnings);
        loaded.Transform(new MemoryDataView(3, Images.Features(), Other("Kind")));
        Assert.Contains("'Kind'", _folder.Warnings);
    }

    [TestMethod]
    public void A_model_of_version_1_does_not_know_its_label_and_takes_it_to_be_the_default_one()
    {
        var loaded = Ml.Model.Load(Path.Combine(AppContext.BaseDirectory, "Fixtures", "version-1", "model.zip"), out _);

        loaded.Transform(Images.Labelled(3, label: LabelKind.Text));
        Assert.AreEqual("", _folder.Warnings);
        loaded.Transform(new MemoryDataView(3, Images.Features(), Other("Label")));
        Assert.Contains("other classes than the model", _folder.Warnings);
    }

    public static IEnumerable<object[]> Harmless =>
    [
        ["no label", Array.Empty<MemoryColumn>()],
        ["the same classes", new[] { Images.Key(LabelKind.Text) }],
        ["the first of them", new[] { Key("top", "middle") }],
        ["a key without names", new[] { Images.Key(LabelKind.KeyWithoutValues) }],
        ["no key", new[] { Images.RawClass(LabelKind.Text, "Label") }],
        ["a column of another name", new[] { Other("Kind") }],
    ];

    [TestMethod]
    [DynamicData(nameof(Harmless))]
    public void What_does_no_harm_is_not_warned_of(string what, object columns)
    {
        using var model = Images.Trainer(Ml).Fit(Images.Labelled(label: LabelKind.Text));
        model.Transform(new MemoryDataView(3, [Images.Features(), .. (MemoryColumn[])columns]));

        Assert.AreEqual("", _folder.Warnings, what);
    }

    public static IEnumerable<object[]> Harmful =>
    [
        ["its key 1 is 'middle' where the model's is 'top'", new[] { "middle", "top", "bottom" }],
        ["its key 2 is 'Middle' where the model's is 'middle'", new[] { "top", "Middle", "bottom" }],
        ["it has 'side' besides the model's 3", new[] { "top", "middle", "bottom", "side" }],
    ];

    [TestMethod]
    [DynamicData(nameof(Harmful))]
    public void Classes_in_another_order_of_another_name_or_more_of_them_are_warned_of(string difference, string[] names)
    {
        using var model = Images.Trainer(Ml).Fit(Images.Labelled(label: LabelKind.Text));
        model.Transform(new MemoryDataView(3, Images.Features(), Key(names)));

        Assert.Contains(difference, _folder.Warnings);
    }

    [TestMethod]
    public void Labels_that_a_MapValueToKey_of_its_own_numbered_otherwise_are_warned_of()
    {
        using var model = Images.Trainer(Ml).Fit(Images.Labelled(label: LabelKind.Text));
        var reversed = new MemoryDataView(
            3, Images.Features(), Images.Text("Label", row => Images.ClassNames[2 - row]));
        model.Transform(Ml.Transforms.Conversion.MapValueToKey("Label").Fit(reversed).Transform(reversed));

        Assert.Contains("its key 1 is 'bottom' where the model's is 'top'", _folder.Warnings);
    }

    [TestMethod]
    public void Sub_folders_that_are_none_of_the_names_are_left_out_with_a_warning()
    {
        AddImages("", 2, "ant", "bee", "Cow", "docs");

        CollectionAssert.AreEqual(
            (string[])["bee: bee/1.png", "bee: bee/2.png", "ant: ant/1.png", "ant: ant/2.png"], Rows("bee", "dog", "ant"));
        Assert.Contains("'Cow', 'docs' are none of the classNames", _folder.Warnings);
    }

    [TestMethod]
    public void A_name_and_a_sub_folder_that_differ_in_case_only_are_warned_of()
    {
        AddImages("", 2, "ant", "Cow");
        Rows("ant", "cow");

        Assert.Contains("'cow' and 'Cow' look alike", _folder.Warnings);
    }

    [TestMethod]
    public void None_of_the_sub_folders_is_one_of_the_names()
    {
        AddImages("", 1, "dog");

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Rows("ant", "bee")).Message;
        Assert.Contains("'dog'", error);
        Assert.Contains("'ant', 'bee'", error);
    }

    // "é" as one letter and as "e" with an accent: macOS writes the second where people type the first.
    [TestMethod]
    public void Names_of_the_same_letters_in_other_codes_are_the_same()
    {
        var (composed, decomposed) = ("caf\u00e9", "cafe\u0301");
        AddImages("", 1, decomposed, "bar");

        // A program with InvariantGlobalization has no tables of letters: there, at least, it is said.
        if (decomposed.Normalize() != composed)
        {
            CollectionAssert.AreEqual((string[])["bar: bar/1.png"], Rows(composed, "bar"));
            Assert.Contains($"'{decomposed}' are none of the classNames", _folder.Warnings);
            return;
        }

        CollectionAssert.AreEqual((string[])[$"{composed}: {decomposed}/1.png", "bar: bar/1.png"], Rows(composed, "bar"));
        CollectionAssert.AreEqual((string[])["bar: bar/1.png", $"{composed}: {decomposed}/1.png"], Rows());
    }

    [TestMethod]
    public void A_hidden_folder_is_a_class_if_its_name_is_given()
    {
        AddImages("", 1, ".net", "java", ".git");

        CollectionAssert.AreEqual((string[])[".net: .net/1.png", "java: java/1.png"], Rows(".net", "java"));
    }

    public static IEnumerable<object[]> BadNames =>
    [
        ["'ant' is there twice, as names 0 and 2", new[] { "ant", "bee", "ant" }],
        ["name 1 (from 0) is null", new[] { "ant", null, "cow" }],
        ["name 2 (from 0) is blank", new[] { "ant", "bee", " " }],
        ["is empty", Array.Empty<string>()],
    ];

    [TestMethod]
    [DynamicData(nameof(BadNames))]
    public void Names_that_are_missing_or_there_twice_are_refused(string problem, string[] names)
    {
        AddImages("", 1, Names);
        var (images, labels) = Idx([0, 1, 2]);

        Assert.Contains(problem, ErrorOf(() => Ml.Data.LoadFromImageFolder(_folder.Path, names)));
        Assert.Contains(problem, ErrorOf(() => Ml.Data.LoadFromIdx(images, labels, names)));
    }

    [TestMethod]
    public void A_validation_set_with_other_classes_is_told_which_and_to_give_classNames()
    {
        var (train, validation) = (Load(Idx([0, 1, 2])), Load(Idx([0, 1, 1])));
        Refused("it has 2 where the training data's has 3", train, validation);
        Refused("it has '2' besides the training data's 2", validation, train);
        Refused(
            "its key 1 is 'middle' where the training data's is 'top'",
            Images.Labelled(label: LabelKind.Text),
            new MemoryDataView(3, Images.Features(), Key("middle", "top", "bottom")));

        void Refused(string difference, IDataView one, IDataView other)
        {
            var pixels = one.Schema.GetColumnOrNull("Pixels") is null ? "Features" : "Pixels";
            var trainer = Images.Trainer(Ml, change: options => options.FeatureColumnName = pixels);
            var error = ErrorOf(() => trainer.Fit(one, other));
            Assert.Contains(difference, error);
            Assert.Contains("classNames", error);
        }

        IDataView Load((string Images, string Labels) files) => Ml.Data.LoadFromIdx(files.Images, files.Labels);
    }

    [TestMethod]
    public void A_bomb_behind_an_IDX_header_is_refused_before_it_goes_off()
    {
        var images = Path.Combine(_folder.Root, "bomb.gz");
        var labels = Idx([0]).Labels;
        using (var zip = new GZipStream(File.Create(images), CompressionLevel.Fastest))
        {
            zip.Write([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0x40, 0, 0, 0, 0x40, 0]);
            for (var i = 0; i < 256; i++)
            {
                zip.Write(new byte[1 << 20]);
            }
        }

        var before = GC.GetTotalAllocatedBytes();
        Assert.Contains("1 x 16384 x 16384", ErrorOf(() => Ml.Data.LoadFromIdx(images, labels)));
        Assert.IsLessThan(20_000_000, GC.GetTotalAllocatedBytes() - before);
    }

    [TestMethod]
    public void Counts_that_do_not_agree_are_refused_before_a_value_is_read()
    {
        var images = Path.Combine(_folder.Root, "many");
        using (var file = File.Create(images))
        {
            file.Write([0, 0, 8, 3, 0, 0, 0x40, 0, 0, 0, 0x40, 0, 0, 0, 0, 1]);
            file.SetLength(16 + (1L << 28));
        }

        var before = GC.GetTotalAllocatedBytes();
        Assert.Contains("16384 images", ErrorOf(() => Ml.Data.LoadFromIdx(images, Idx([0]).Labels)));
        Assert.IsLessThan(20_000_000, GC.GetTotalAllocatedBytes() - before);
    }

    private static string ErrorOf(Func<object> action) => Assert.ThrowsExactly<InvalidOperationException>(() => action()).Message;

    private static MemoryColumn Other(string name) => Key(name, ["one", "two", "three"]);

    private static MemoryColumn Key(params string[] names) => Key("Label", names);

    private static MemoryColumn Key(string column, string[] names)
    {
        var values = new DataViewSchema.Annotations.Builder();
        values.Add(
            "KeyValues",
            new VectorDataViewType(TextDataViewType.Instance, names.Length),
            (ref VBuffer<ReadOnlyMemory<char>> to) => to = new(names.Length, [.. names.Select(name => name.AsMemory())]));
        return new MemoryColumn<uint>(column, new KeyDataViewType(typeof(uint), names.Length), _ => 1, values.ToAnnotations());
    }

    private ResNetTransformer FitOnFolder()
    {
        AddImages("all", 10, Names);
        return Images.Trainer(Ml, ImageKind.Encoded, options => (options.FeatureColumnName, options.NumberOfEpochs) = ("ImageBytes", 12))
            .Fit(Ml.Data.LoadFromImageFolder(_folder.In("all")));
    }

    private MulticlassClassificationMetrics Evaluate(ResNetTransformer model, IDataView data) =>
        Ml.MulticlassClassification.Evaluate(model.Transform(data));

    // Every class has a pattern of its own, by which it is easily told.
    private void AddImages(string folder, int count, params string[] names)
    {
        foreach (var name in names)
        {
            for (var i = 1; i <= count; i++)
            {
                var image = (3 * i) + Math.Max(0, Array.IndexOf(Names, name));
                _folder.Add(Path.Combine(folder, name, $"{i}.png"), ImageFolderFixture.Png(image));
            }
        }
    }

    private string[] Rows(params string[] names) =>
        _folder.Rows(Ml.Data.LoadFromImageFolder(_folder.Path, names.Length == 0 ? null : names));

    private (string Images, string Labels) Idx(byte[] labels)
    {
        var name = Path.Combine(_folder.Root, Guid.NewGuid().ToString());
        var paths = (Images: $"{name}.images", Labels: $"{name}.labels");
        var count = (byte)labels.Length;
        File.WriteAllBytes(paths.Images, [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 20, 0, 0, 0, 20, .. new byte[count * 400]]);
        File.WriteAllBytes(paths.Labels, [0, 0, 8, 1, 0, 0, 0, (byte)labels.Length, .. labels]);
        return paths;
    }
}
