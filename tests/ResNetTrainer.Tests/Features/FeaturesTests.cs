using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Tests.Weights;

namespace ResNetMLNet.Tests.Features;

/// <summary>ResNetFeatures: which network it takes, what it is fed, and what comes out.</summary>
[TestClass]
public class FeaturesTests
{
    private static readonly MLContext Ml = Images.Context();

    [TestMethod]
    [DataRow(ImageKind.GreyBytes)]
    [DataRow(ImageKind.Floats)]
    [DataRow(ImageKind.Encoded)]
    public void Features_are_what_the_linear_layer_of_the_model_sees(ImageKind kind)
    {
        using var model = Featurizer.Classifier(kind);
        var data = Images.Unlabelled(12, kind);
        using var transformer = Ml.Transforms.ResNetFeatures("Embedding", model, "Features").Fit(data);
        var features = Snapshot.Scores(transformer.Transform(data), "Embedding");

        Snapshot.AssertNear(Featurizer.SeenByLinearLayer(model.Model, data), features, 1e-4);
        Assert.AreEqual(Featurizer.Length, transformer.FeatureCount);
        Assert.AreEqual((Images.Size, Images.Size), (transformer.ImageHeight, transformer.ImageWidth));

        // And so the rest of the model makes its scores of them.
        var (weight, bias) = (model.Model.Network.Weights.Tensors["fc.weight"].Data, model.Model.Network.Weights["fc.bias"].ToArray());
        Snapshot.AssertNear(Snapshot.Scores(model.Transform(data)), [.. features.Select(x => Softmax(
            [.. bias.Select((b, row) => b + x.Select((value, i) => value * weight[(row * x.Length) + i]).Sum())]))]);
    }

    [TestMethod]
    public void A_network_with_bottlenecks_before_activation_gives_all_channels_of_its_last_stage()
    {
        using var model = Featurizer.Classifier(change: options => options.Architecture =
            ResNetArchitecture.PreActivationResNet50 with { Name = "tiny", Width = 4, Depths = new(1, 1, 1, 1) });
        var data = Images.Unlabelled(5);
        using var transformer = Featurizer.Of(Ml, model).Fit(data);

        Assert.AreEqual(4 * Featurizer.Length, transformer.FeatureCount);
        Snapshot.AssertNear(
            Featurizer.SeenByLinearLayer(model.Model, data), Snapshot.Scores(transformer.Transform(data), Featurizer.Output), 1e-4);
    }

    [TestMethod]
    public void Weights_see_images_of_224_pixels_a_side_unless_it_is_said()
    {
        var data = Images.Unlabelled(1, ImageKind.Encoded);
        using var usual = Ml.Transforms.ResNetFeatures("Embedding", Featurizer.Weights, "Features").Fit(data);
        using var small = Ml.Transforms.ResNetFeatures("Embedding", Featurizer.Weights, "Features", imageSize: 32).Fit(data);

        Assert.AreEqual((3, 224, 224), (usual.ImageChannels, usual.ImageHeight, usual.ImageWidth));
        Assert.AreEqual((3, 32, 32), (small.ImageChannels, small.ImageHeight, small.ImageWidth));
        Assert.AreEqual(ForeignWeights.Architecture, usual.Architecture);
        Assert.AreEqual(PixelStatistics.ImageNet, usual.PixelStatistics);
    }

    [TestMethod]
    public void A_model_takes_other_sizes_where_one_is_asked_for()
    {
        using var model = Featurizer.Classifier();
        var larger = Images.Unlabelled(3, size: 30);

        using var resized = Featurizer.Of(Ml, model, options => options.ImageSize = 40).Fit(larger);
        using var own = Featurizer.Of(Ml, model, options => options.ResizeMode = ResizeMode.CenterCrop).Fit(larger);

        Assert.AreEqual(40, resized.ImageHeight);
        Assert.AreEqual(Images.Size, own.ImageHeight);
        Assert.HasCount(3, Snapshot.Scores(resized.Transform(larger), Featurizer.Output));
        Assert.Contains(
            "images of 1x20x20",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Featurizer.Of(Ml, model).Fit(larger)).Message);
    }

    [TestMethod]
    public void The_network_is_found_in_a_loaded_chain()
    {
        var data = Images.Labelled(kind: ImageKind.Bytes);
        var chain = Images.Trainer(Ml, ImageKind.Bytes).Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        using var stream = new MemoryStream();
        Ml.Model.Save(chain, data.Schema, stream);
        var loaded = new MLContext().Model.Load(stream, out _);

        using var features = Ml.Transforms.ResNetFeatures("Embedding", loaded, "Features").Fit(data);
        using var expected = Ml.Transforms.ResNetFeatures("Embedding", ResNetTransformer.Find(chain), "Features").Fit(data);

        Snapshot.AssertNear(
            Snapshot.Scores(expected.Transform(data), "Embedding"), Snapshot.Scores(features.Transform(data), "Embedding"), tolerance: 0);
        string Refused(ITransformer model, int? channels = null) => Assert.ThrowsExactly<InvalidOperationException>(
            () => Featurizer.Of(Ml, model, options => options.ImageChannels = channels)).Message;
        Assert.Contains("The option Model must be", Refused(Ml.Transforms.CopyColumns("A", "Label").Fit(data)));
        Assert.Contains("2 networks", Refused(chain.Append(ResNetTransformer.Find(chain))));
        Assert.Contains("as the model was trained", Refused(chain, channels: 1));
    }

    [TestMethod]
    public void What_never_met_an_image_is_not_random_where_larger_ones_meet_it()
    {
        // The last stage sees a single pixel: of its kernels, the middle is trained.
        using var model = Images.Trainer(Ml).Fit(Images.Labelled());
        var kernels = model.Model.Network.Weights.Tensors["layer4.0.conv2.weight"].Data;

        Assert.IsTrue(kernels.Where((_, at) => at % 9 != 4).All(value => value == 0));
        Assert.IsTrue(kernels.Where((_, at) => at % 9 == 4).All(value => value != 0));
    }

    [TestMethod]
    public void Weights_for_colours_see_grey_as_three_equal_colours()
    {
        // The weights are summed up, and those of ImageNet's statistics averaged: without them the two agree.
        var weights = InitialWeights.FromFile(Featurizer.Weights.Path, PixelStatistics.None);
        var grey = Images.Unlabelled(6, ImageKind.GreyBytes);
        var colours = new MemoryDataView(6, Images.Vector(
            "Features",
            i => PixelPattern.Planes(i, 1, Images.Size, Images.Size) is var plane ? (byte[])[.. plane, .. plane, .. plane] : [],
            3,
            Images.Size,
            Images.Size));
        using var one = Featurizer.Of(Ml, change: options => options.Weights = weights).Fit(grey);
        using var three = Featurizer.Of(Ml, change: options => options.Weights = weights).Fit(colours);

        Assert.AreEqual((1, 3), (one.ImageChannels, three.ImageChannels));
        Snapshot.AssertNear(
            Snapshot.Scores(three.Transform(colours), Featurizer.Output), Snapshot.Scores(one.Transform(grey), Featurizer.Output), 1e-3);
    }

    [TestMethod]
    public void The_output_may_replace_the_column_of_images()
    {
        var data = Images.Unlabelled(4);
        using var transformer = Featurizer.Of(
            Ml, change: options => (options.OutputColumnName, options.InputColumnName) = ("Features", null)).Fit(data);
        var transformed = transformer.Transform(data);

        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, Featurizer.Length), transformed.Schema["Features"].Type);
        Assert.HasCount(4, Snapshot.Scores(transformed, "Features"));
    }

    [TestMethod]
    public void Images_are_read_when_a_cursor_asks_and_not_before()
    {
        var read = 0;
        var data = new MemoryDataView(40, Images.Number(), Images.Vector(
            "Features",
            i => ++read > 0 ? PixelPattern.Planes(i, 3, Images.Size, Images.Size) : [],
            3,
            Images.Size,
            Images.Size));
        using var transformer = Featurizer.Of(Ml).Fit(data);
        var transformed = transformer.Transform(data);
        CollectionAssert.AreEqual(Enumerable.Range(0, 40).ToArray(), transformed.GetColumn<int>("Number").ToArray());
        Assert.AreEqual(0, read);

        using var cursor = transformed.GetRowCursor([transformed.Schema[Featurizer.Output]]);
        Assert.IsTrue(cursor.MoveNext());
        Assert.AreEqual(1, read);
        while (cursor.MoveNext())
        {
        }

        Assert.AreEqual(40, read);
    }

    private static float[] Softmax(float[] logits)
    {
        var powers = logits.Select(logit => MathF.Exp(logit - logits.Max())).ToArray();
        return [.. powers.Select(power => power / powers.Sum())];
    }
}
