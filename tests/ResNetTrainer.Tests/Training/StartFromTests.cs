using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Training;

/// <summary>Training that goes on from a model, with the same classes, the same in another order, or more.</summary>
[TestClass]
public class StartFromTests
{
    // So small that the weights do not move.
    private const double Nothing = 1e-12;

    private static MLContext Ml => Images.Context();

    public static IEnumerable<object[]> Orders =>
    [
        [(string[])["top", "middle", "bottom"]],
        [(string[])["bottom", "top", "middle"]],
        [(string[])["new", "bottom", "top", "newer", "middle"]],
    ];

    [TestMethod]
    [DynamicData(nameof(Orders))]
    public void Each_class_keeps_its_weights_wherever_it_is_now(string[] classes)
    {
        using var start = Learnt();
        using var model = Images.Trainer(Ml, change: options =>
            (options.StartFrom, options.LearningRate, options.FrozenStages) = (start, Nothing, 4)).Fit(With(classes));

        CollectionAssert.AreEqual(classes, model.Model.ClassNames.ToArray());
        var (old, now) = (start.Model.Network.Weights, model.Model.Network.Weights);
        var length = old["fc.weight"].Length / 3;
        foreach (var (name, row) in Images.ClassNames.Select((name, row) => (name, row)))
        {
            var newRow = Array.IndexOf(classes, name);
            Snapshot.AssertNear(
                [old["fc.weight"].Slice(row * length, length).ToArray()], [now["fc.weight"].Slice(newRow * length, length).ToArray()]);
            Assert.AreEqual(old["fc.bias"][row], now["fc.bias"][newRow], 1e-6f);
        }

        // The image of each class is still known.
        if (classes.Length == 3)
        {
            Assert.AreEqual(1, Ml.MulticlassClassification.Evaluate(model.Transform(With(classes))).MicroAccuracy, 0.05);
        }
    }

    [TestMethod]
    public void A_new_class_is_learnt_and_the_old_ones_kept()
    {
        using var start = Learnt(rows: 60, ["top", "middle"]);
        var data = With(["top", "middle", "bottom"], rows: 90);
        using var model = Images.Trainer(Ml, change: options =>
            (options.StartFrom, options.NumberOfEpochs, options.LearningRate) = (start, 8, 0.05)).Fit(data);

        Assert.IsGreaterThan(0.9, Ml.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy);
    }

    [TestMethod]
    public void It_may_be_a_chain_or_a_zip_and_is_not_changed()
    {
        var data = Images.Labelled(30);
        var chain = Images.Trainer(Ml, change: options => options.NumberOfEpochs = 2)
            .Append(Ml.Transforms.Conversion.MapKeyToValue("PredictedLabel")).Fit(data);
        var before = chain.OfType<ResNetTransformer>().Single().Model.Network.Weights.Fingerprint();
        using var stream = new MemoryStream();
        Ml.Model.Save(chain, data.Schema, stream);
        stream.Position = 0;
        var loaded = Ml.Model.Load(stream, out _);
        var fingerprints = new ITransformer[] { chain, chain.OfType<ResNetTransformer>().Single(), loaded,
        new TransformerChain<ITransformer>(loaded) }.Select(from =>
        {
            using var model = Images.Trainer(Ml, change: options => options.StartFrom = from).Fit(data);
            return model.Model.Network.Weights.Fingerprint();
        }).ToArray();

        Assert.AreEqual(1, fingerprints.Distinct().Count());
        Assert.AreNotEqual(before, fingerprints[0]);
        Assert.AreEqual(before, chain.OfType<ResNetTransformer>().Single().Model.Network.Weights.Fingerprint());
    }

    [TestMethod]
    [DataRow(0, "conv1|bn1")]
    [DataRow(2, "conv1|bn1|layer1|layer2")]
    [DataRow(4, "conv1|bn1|layer1|layer2|layer3|layer4")]
    public void Frozen_stages_keep_weights_and_statistics_to_the_bit(int stages, string frozen)
    {
        using var start = Images.Trainer(Ml).Fit(Images.Labelled(30));
        using var model = Images.Trainer(Ml, change: options =>
            (options.StartFrom, options.FrozenStages, options.NumberOfEpochs) = (start, stages, 2)).Fit(Images.Labelled(30));
        var prefixes = frozen.Split('|').Select(prefix => prefix + ".").ToArray();
        foreach (var (name, values) in start.Model.Network.Weights.Tensors)
        {
            var same = values.Data.AsSpan().SequenceEqual(model.Model.Network.Weights[name]);
            Assert.AreEqual(prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)), same, name);
        }
    }

    [TestMethod]
    public void The_name_of_a_network_does_not_make_it_another()
    {
        using var start = Learnt();
        using var model = Images.Trainer(Ml, change: options =>
            (options.StartFrom, options.Architecture) = (start, options.Architecture! with { Name = "renamed" })).Fit(Images.Labelled());

        Assert.AreEqual("renamed", model.Model.Architecture.Name);
    }

    [TestMethod]
    public void Images_are_seen_as_the_model_saw_them()
    {
        using var start = Images.Trainer(Ml, ImageKind.Encoded, options =>
            (options.ImageSize, options.ResizeMode, options.ImageChannels, options.MaximumImagePixels) = (24, ResizeMode.Pad, 1, 5_000))
            .Fit(Images.Labelled(kind: ImageKind.Encoded));
        using var model = Images.Trainer(Ml, ImageKind.Encoded, options => (options.StartFrom, options.ImageChannels) = (start, null))
            .Fit(Images.Labelled(kind: ImageKind.Encoded));
        using var other = Images.Trainer(Ml, ImageKind.Encoded, options =>
            (options.StartFrom, options.ImageChannels, options.ImageSize) = (start, null, 32))
            .Fit(Images.Labelled(kind: ImageKind.Encoded));
        using var vectors = Images.Trainer(Ml, ImageKind.GreyBytes, options =>
            (options.StartFrom, options.ResizeMode) = (start, ResizeMode.CenterCrop))
            .Fit(Images.Labelled(kind: ImageKind.GreyBytes));

        Assert.AreEqual(5_000, model.Model.Network.Format.MaximumPixels);
        Assert.AreEqual((24, ResizeMode.Pad, 1), (model.Model.ImageHeight, model.Model.ResizeMode, model.Model.ImageChannels));
        Assert.AreEqual((32, ResizeMode.Pad, 1), (other.Model.ImageHeight, other.Model.ResizeMode, other.Model.ImageChannels));
        Assert.AreEqual((24, ResizeMode.CenterCrop, 1), (vectors.Model.ImageHeight, vectors.Model.ResizeMode, vectors.Model.ImageChannels));
    }

    [TestMethod]
    public void Another_network_is_refused_with_what_to_do()
    {
        using var start = Learnt();
        var wider = Images.Trainer(Ml, change: options =>
            (options.StartFrom, options.Architecture) = (start, options.Architecture! with { Name = "wider", Width = 8 }));
        Assert.Contains(
            "StartFrom is the network tiny",
            Assert.ThrowsExactly<InvalidOperationException>(() => wider.Fit(Images.Labelled())).Message);

        var colours = Images.Trainer(Ml, ImageKind.Bytes, options => options.StartFrom = start);
        Assert.Contains(
            "1 channels",
            Assert.ThrowsExactly<InvalidOperationException>(() => colours.Fit(Images.Labelled(kind: ImageKind.Bytes))).Message);

        var other = Images.Trainer(Ml, change: options =>
            options.StartFrom = Ml.Transforms.CopyColumns("a", "Label").Fit(Images.Labelled()));
        Assert.Contains("StartFrom must be", Assert.ThrowsExactly<InvalidOperationException>(() => other.Fit(Images.Labelled())).Message);
    }

    [TestMethod]
    public void What_is_new_and_what_is_gone_is_said()
    {
        using var start = Learnt();
        var log = new List<string>();
        Images.Trainer(Images.Context(log), change: options => options.StartFrom = start).Fit(With(["top", "middle", "other"])).Dispose();

        Assert.IsTrue(log.Any(line => line.Contains("new: other", StringComparison.Ordinal)));
        Assert.IsTrue(log.Any(line => line.Contains("does not have the classes bottom", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Images_that_are_seen_in_another_way_are_said()
    {
        using var start = Images.Trainer(Ml, change: options => options.ImageSize = Images.Size).Fit(Images.Labelled());

        CollectionAssert.AreEqual((string[])[], Warnings(options => options.ImageSize = Images.Size));
        Assert.Contains("20x20 pixels, and is now trained on 24x24", Warnings(options => options.ImageSize = 24).Single());
        Assert.Contains("ResizeMode.Stretch, and is now trained by Pad", Warnings(options =>
            (options.ImageSize, options.ResizeMode) = (Images.Size, ResizeMode.Pad)).Single());

        string[] Warnings(Action<ResNetTrainer.Options> change)
        {
            var log = new List<string>();
            var ml = Ml;
            ml.Log += (_, message) => log.AddRange(message.Kind == ChannelMessageKind.Warning ? [message.RawMessage] : []);
            Images.Trainer(ml, change: options =>
            {
                options.StartFrom = start;
                change(options);
            }).Fit(Images.Labelled()).Dispose();
            return [.. log];
        }
    }

    private static ResNetTransformer Learnt(int rows = 60, string[]? classes = null) =>
        Images.Trainer(Ml, change: options => (options.NumberOfEpochs, options.LearningRate) = (8, 0.01))
            .Fit(With(classes ?? Images.ClassNames, rows));

    // Rows of the classes that the key has, with the key's values in the given order.
    private static IDataView With(string[] classes, int rows = 30)
    {
        var known = Enumerable.Range(0, rows).Where(row => classes.Contains(Images.ClassNames[PixelPattern.ClassOf(row)])).ToArray();
        var data = new MemoryDataView(
            known.Length,
            Images.Vector("Features", row => PixelPattern.Planes(known[row], 1, Images.Size, Images.Size), 1, Images.Size, Images.Size),
            Images.Text("Text", row => Images.ClassNames[PixelPattern.ClassOf(known[row])]));
        var keys = Ml.Data.LoadFromEnumerable(classes.Select(name => new KeyName { Text = name }));
        return Ml.Transforms.Conversion.MapValueToKey("Label", "Text", keyData: keys).Fit(data).Transform(data);
    }

    private sealed class KeyName
    {
        public string Text { get; set; } = "";
    }
}
