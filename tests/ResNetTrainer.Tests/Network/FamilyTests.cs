using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Network;

/// <summary>Every kind of network is trained, saved, loaded and scored, by both engines.</summary>
[TestClass]
public class FamilyTests
{
    private static readonly StageDepths Shallow = new(2, 1, 1, 1);

    public static IEnumerable<object[]> Kinds =>
    [
        [ResNetArchitecture.ResNet18 with { Width = 4, Depths = Shallow }],
        [ResNetArchitecture.BookResNet18 with { Width = 4, Depths = Shallow }],
        [ResNetArchitecture.ResNeXt50 with { Width = 4, Groups = 4, Depths = Shallow }],
        [ResNetArchitecture.PreActivationResNet18 with { Width = 4, Depths = Shallow }],
        [ResNetArchitecture.PreActivationResNet50 with { Width = 4, Depths = Shallow }],
        [ResNetArchitecture.SmallImageResNet18 with { Width = 4, Depths = Shallow }],
        [ResNetArchitecture.ResNet20 with { Width = 3, Depths = new(2, 1, 1) }],
        [ResNetArchitecture.ResNet20 with { Width = 4, Depths = new(1, 1, 1), PreActivation = true }],
        [ResNetArchitecture.ResNet20 with { Width = 4, Depths = new(1, 1, 1), Block = ResNetBlock.Bottleneck }],
    ];

    [TestMethod]
    public void A_network_of_which_little_is_said_is_the_papers() => Assert.AreEqual(
        ResNetArchitecture.ResNet18, new ResNetArchitecture { Name = "resnet18", Depths = new(2, 2, 2, 2) });

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void A_network_is_saved_and_loaded_as_it_was_trained_and_both_engines_score_alike(ResNetArchitecture architecture)
    {
        var ml = Images.Context();
        using var model = Images.Trainer(ml, change: options => options.Architecture = architecture).Fit(Images.Labelled());
        using var zip = new MemoryStream();
        ml.Model.Save(model, null, zip);
        using var loaded = (ResNetTransformer)new MLContext().Model.Load(zip, out _);

        Assert.AreEqual(architecture, loaded.Model.Architecture);
        Snapshot.AssertNear(Snapshot.Scores(model.Transform(Images.Labelled())), Snapshot.Scores(loaded.Transform(Images.Labelled())), 0);
        AssertEnginesAgree(model.Model);
    }

    [TestMethod]
    public void A_network_that_the_first_version_does_not_know_is_saved_as_one_of_a_newer_format()
    {
        Assert.AreEqual(1, SavedFormat(ResNetArchitecture.ResNet18 with { Width = 4, Depths = Shallow }));
        Assert.AreEqual(2, SavedFormat(ResNetArchitecture.PreActivationResNet18 with { Width = 4, Depths = Shallow }));
    }

    [TestMethod]
    public void Without_a_word_the_network_suits_the_images_or_is_that_of_the_model_to_start_from()
    {
        var ml = Images.Context();
        using var fresh = Images.Trainer(ml, change: options =>
            (options.Architecture, options.NumberOfEpochs, options.BatchSize) = (null, 1, 24)).Fit(Images.Labelled());
        using var tiny = Images.Trainer(ml).Fit(Images.Labelled());
        using var more =
            Images.Trainer(ml, change: options => (options.Architecture, options.StartFrom) = (null, tiny)).Fit(Images.Labelled());

        Assert.AreEqual(ResNetArchitecture.DefaultFor(Images.Size), fresh.Model.Architecture);
        Assert.AreEqual(tiny.Model.Architecture, more.Model.Architecture);
    }

    [TestMethod]
    [DataRow(40, TrainingRecipe.Fast, "resnet18-narrow")]
    [DataRow(40, TrainingRecipe.Best, "resnet18-half")]
    [DataRow(40, TrainingRecipe.Book, "resnet18-book")]
    [DataRow(41, TrainingRecipe.Fast, "resnet18-book")]
    [DataRow(41, TrainingRecipe.Best, "resnet18-book")]
    public void The_network_without_a_name_follows_size_and_recipe(int imageSize, TrainingRecipe recipe, string name) =>
        Assert.AreEqual(name, ResNetArchitecture.DefaultFor(imageSize, recipe).Name);

    [TestMethod]
    public void A_network_that_cannot_be_built_is_refused_by_the_option_that_is_wrong()
    {
        AssertRefused("groups is 3", ResNetArchitecture.ResNet50 with { Groups = 3 });
        AssertRefused("groups is 0", ResNetArchitecture.ResNet50 with { Groups = 0 });
        AssertRefused("widthFactor is 0", ResNetArchitecture.ResNet50 with { WidthFactor = 0 });
        AssertRefused("block is Basic", ResNetArchitecture.ResNet18 with { Groups = 2 });
        AssertRefused("depths is 2000", ResNetArchitecture.ResNet18 with { Depths = new(2000, 1, 1, 1) });
        AssertRefused("FrozenStages is 4, but it must be -1 (nothing), 0 (the stem), or up to 3", ResNetArchitecture.ResNet20);

        static void AssertRefused(string message, ResNetArchitecture architecture) => StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() =>
                Images.Trainer(Images.Context(), change: options =>
                    (options.Architecture, options.FrozenStages) = (architecture, 4))).Message,
            message);
    }

    [TestMethod]
    public void A_network_that_cannot_be_built_has_no_summary()
    {
        foreach (var none in (ResNetArchitecture[])
        [
            ResNetArchitecture.ResNet50 with { Groups = 0 },
            ResNetArchitecture.ResNet18 with { Depths = new(2, -1, 2, 2) },
            ResNetArchitecture.ResNet18 with { Width = 1 << 20 },
        ])
        {
            Assert.ThrowsExactly<ArgumentException>(() => none.Summarize(3, 224, 10));
        }
    }

    private static int SavedFormat(ResNetArchitecture architecture)
    {
        var ml = Images.Context();
        using var model = Images.Trainer(ml, change: options => options.Architecture = architecture).Fit(Images.Labelled());
        using var stream = new MemoryStream();
        ml.Model.Save(model, null, stream);
        using var zip = new ZipArchive(stream);
        using var header = zip.Entries.Single(entry => entry.Name == "model.json").Open();
        return JsonDocument.Parse(header).RootElement.GetProperty("formatVersion").GetInt32();
    }

    private static void AssertEnginesAgree(ResNetModel model)
    {
        var random = new Random(1);
        var images = Enumerable.Range(0, 5 * Images.Size * Images.Size).Select(_ => random.NextSingle()).ToArray();
        using var torch = new TorchScorer(model.Network, gpu: null);
        using var onnx = new OnnxScorer(model.Network);
        var (one, other) = (new float[5 * 3], new float[5 * 3]);
        torch.Score(images, one);
        onnx.Score(images, other);

        Snapshot.AssertNear([one], [other]);
    }
}
