using Microsoft.ML;
using ResNetMLNet.Fitting;
using ResNetMLNet.Formats;
using ResNetMLNet.MLNet;
using ResNetMLNet.Network;
using ResNetMLNet.Network.Importing;
using ResNetMLNet.Saving;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Tests.Support;
using TorchSharp;

namespace ResNetMLNet.Tests.Weights;

/// <summary>
/// Training that starts from weights of another origin; with all stages frozen, what is in front of the head stays as the file has it.
/// </summary>
[TestClass]
public class InitialWeightsTests
{
    private string _folder = "";

    [TestInitialize]
    public void Create() => _folder = Directory.CreateTempSubdirectory("resnet-weights-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow("F32", 0f)]
    [DataRow("F64", 0f)]
    [DataRow("F16", 1e-3f)]
    [DataRow("BF16", 1e-2f)]
    public void A_file_of_any_precision_gives_its_network_and_its_weights_and_a_fresh_head(string type, float tolerance)
    {
        var weights = ForeignWeights.Create();
        using var model = Fit(File("weights.safetensors", ForeignWeights.SafeTensorsOf(weights, type)));

        Assert.AreEqual(ForeignWeights.Architecture, model.Model.Architecture);
        Assert.AreEqual(3, model.Model.ClassNames.Count);
        AssertBody(weights, model, tolerance);
    }

    [TestMethod]
    [DataRow("module.")]
    [DataRow("state_dict.model.")]
    [DataRow("backbone.")]
    public void Names_behind_a_wrappers_prefix_are_found(string prefix)
    {
        var weights = ForeignWeights.Create();
        var wrapped = weights.Rename(name => prefix + name.Replace("downsample", "shortcut", StringComparison.Ordinal));
        using var model = Fit(File("weights.safetensors", ForeignWeights.SafeTensorsOf(wrapped)));

        AssertBody(weights, model);
    }

    [TestMethod]
    public void Wrappers_may_be_within_each_other_as_often_as_a_file_says()
    {
        var wrapped = new NamedTensors();
        wrapped.Add($"{string.Concat(Enumerable.Repeat("net.", 100_000))}conv1.weight", [1], [0]);

        Assert.AreEqual("conv1.weight", WeightNames.Normalise(wrapped).Tensors.Keys.Single());
    }

    [TestMethod]
    public void A_bias_is_said_by_the_normalisation_behind_it_and_not_by_one_before()
    {
        var file = new NamedTensors();
        file.Add("conv1.weight", [1], [1]);
        file.Add("layer1.0.conv2.bias", [1], [5]);
        file.Add("layer1.0.bn2.running_mean", [1], [7]);
        var behind = WeightNames.Normalise(file);
        file.Add("norm.weight", [1], [1]);
        var before = WeightNames.Normalise(file);

        Assert.AreEqual(2, behind["layer1.0.bn2.running_mean"][0]);
        Assert.DoesNotContain("layer1.0.conv2.bias", behind.Tensors.Keys);
        Assert.AreEqual(7, before["layer1.0.bn2.running_mean"][0]);
        Assert.Contains("layer1.0.conv2.bias", before.Tensors.Keys);
    }

    [TestMethod]
    public void For_grey_images_the_weights_of_the_three_colours_are_summed_up()
    {
        var weights = ForeignWeights.Create();
        using var model = Fit(File("weights.safetensors", ForeignWeights.SafeTensorsOf(weights)), kind: ImageKind.GreyBytes);

        var (colours, grey) = (weights.Tensors["conv1.weight"].Data, model.Model.Network.Weights.Tensors["conv1.weight"]);
        CollectionAssert.AreEqual((long[])[4, 1, 7, 7], grey.Shape);

        // Each channel was divided by a deviation of its own.
        var deviations = PixelStatistics.ImageNet.Deviation;
        float Of(int channel, int at) => colours[at + (49 * channel)] * deviations.Average() / deviations[channel];
        for (var i = 0; i < grey.Data.Length; i++)
        {
            var first = (i / 49 * 3 * 49) + (i % 49);
            Assert.AreEqual(Of(0, first) + Of(1, first) + Of(2, first), grey.Data[i], 1e-6f);
        }
    }

    [TestMethod]
    public void Weights_for_blue_green_red_are_turned_round()
    {
        var weights = ForeignWeights.Create();
        var path = File("weights.safetensors", ForeignWeights.SafeTensorsOf(weights)).Path;
        using var model = Fit(InitialWeights.FromFile(path, blueFirst: true));

        var (blueFirst, redFirst) = (weights.Tensors["conv1.weight"].Data, model.Model.Network.Weights.Tensors["conv1.weight"].Data);
        CollectionAssert.AreEqual(blueFirst[..49], redFirst[98..147]);
        CollectionAssert.AreEqual(blueFirst[49..98], redFirst[49..98]);
        CollectionAssert.AreEqual(blueFirst[98..147], redFirst[..49]);
    }

    [TestMethod]
    public void Biases_that_a_normalisation_cancels_go_into_its_running_mean()
    {
        var weights = ForeignWeights.Create();
        var biased = weights.Rename(name => name);
        biased.Add("layer2.0.conv1.bias", [8], [.. Enumerable.Repeat(0.25f, 8)]);
        using var model = Fit(File("weights.safetensors", ForeignWeights.SafeTensorsOf(biased)));

        Assert.AreEqual(weights["layer2.0.bn1.running_mean"][3] - 0.25f, model.Model.Network.Weights["layer2.0.bn1.running_mean"][3]);
    }

    [TestMethod]
    public void What_weights_were_trained_to_see_is_ImageNet_unless_it_is_said()
    {
        var path = File("weights.safetensors", ForeignWeights.SafeTensorsOf(ForeignWeights.Create())).Path;
        using var published = Fit(InitialWeights.FromFile(path));
        using var raw = Fit(InitialWeights.FromFile(path, PixelStatistics.None));
        using var grey = Fit(InitialWeights.FromFile(path), kind: ImageKind.GreyBytes);

        Assert.AreEqual(PixelStatistics.ImageNet, published.Model.PixelStatistics);
        Assert.IsNull(raw.Model.PixelStatistics);
        Assert.AreEqual(0.449f, grey.Model.PixelStatistics!.Mean.Single(), 1e-6f);
    }

    [TestMethod]
    public void A_file_of_another_program_may_name_its_network()
    {
        var texts = new Dictionary<string, string> { ["architecture"] = "resnet50", ["classes"] = "1000" };
        using var stream = new MemoryStream();
        SafeTensors.Write(stream, ForeignWeights.Create(), texts);

        var theirs = StartingFile.Read(
            Internals.EnvironmentOf(new MLContext().Data), File("weights.safetensors", stream.ToArray()));

        Assert.AreEqual(PixelStatistics.ImageNet, theirs.Statistics);
        Assert.IsNull(theirs.ClassNames);
    }

    [TestMethod]
    [DataRow("classes", "[\"top\",\"bottom\"]")]
    [DataRow("largest_pixel", "1")]
    public void What_this_library_wrote_without_statistics_was_trained_to_see_pixels_as_they_are(string key, string text)
    {
        var tensors = new NamedTensors();
        var texts = new Dictionary<string, string> { ["format"] = "pt", ["architecture"] = "tiny", [key] = text };

        Assert.AreEqual(PixelStatistics.None, WeightMetadata.TakeStatistics(texts, ref tensors));
    }

    [TestMethod]
    public void What_weights_were_trained_to_see_is_part_of_the_model_of_its_zip_and_of_its_exports()
    {
        var ml = Images.Context();
        using var model = Fit(File("weights.safetensors", ForeignWeights.SafeTensorsOf(ForeignWeights.Create())));
        using var zip = new MemoryStream();
        ml.Model.Save(model, null, zip);
        using var loaded = (ResNetTransformer)new MLContext().Model.Load(zip, out _);
        model.Model.ExportToSafeTensors(Path.Combine(_folder, "own.safetensors"));
        using var again = Fit(InitialWeights.FromFile(Path.Combine(_folder, "own.safetensors")));

        // The same network, fed with what is made of the pixels outside of it.
        var (random, size) = (new Random(1), Images.Size * Images.Size);
        var pixels = Enumerable.Range(0, 2 * 3 * size).Select(_ => random.NextSingle()).ToArray();
        var seen = pixels.Select((pixel, i) =>
            (pixel - PixelStatistics.ImageNet.Mean[i / size % 3]) / PixelStatistics.ImageNet.Deviation[i / size % 3]).ToArray();
        var network = loaded.Model.Network;
        using var bare = new TorchScorer(network with { Plan = new(network.Plan.Architecture, network.Plan.Input, 3) }, gpu: null);
        using var torch = new TorchScorer(network, gpu: null);
        using var onnx = new OnnxScorer(network);

        var expected = Score(bare, seen);
        Assert.AreNotEqual(expected[0], Score(bare, pixels)[0], 1e-3f);
        Snapshot.AssertNear([expected], [Score(torch, pixels)]);
        Snapshot.AssertNear([expected], [Score(onnx, pixels)]);
        CollectionAssert.AreEqual(PixelStatistics.ImageNet.Mean.ToArray(), again.Model.PixelStatistics!.Mean.ToArray());
        AssertBody(model.Model.Network.Weights, again);

        static float[] Score(IScorer scorer, float[] images)
        {
            var scores = new float[2 * 3];
            scorer.Score(images, scores);
            return scores;
        }
    }

    [TestMethod]
    public void Training_sees_what_the_weights_were_trained_to_see()
    {
        TorchSharp.torch.manual_seed(1);
        using var scope = torch.NewDisposeScope();
        var weights = ForeignWeights.Create();
        NetworkPlan plan = new(ForeignWeights.Architecture, new(3, Images.Size, Images.Size), ForeignWeights.Classes);
        using var network = TrainableNetwork.Create(
            new(plan.Architecture, plan.Input, plan.Classes) { Statistics = PixelStatistics.ImageNet }, weights, torch.CPU,
                torch.ScalarType.Float32);
        using var bare = TrainableNetwork.Create(plan, weights, torch.CPU, torch.ScalarType.Float32);
        var pixels = torch.rand(4, 3, Images.Size, Images.Size);
        var mean = torch.tensor([.. PixelStatistics.ImageNet.Mean], [3L, 1, 1]);
        var seen = (pixels - mean) / torch.tensor([.. PixelStatistics.ImageNet.Deviation], [3L, 1, 1]);

        foreach (var training in (bool[])[false, true])
        {
            var difference = (bare.Forward(seen, training) - network.Forward(pixels, training)).abs().max().item<float>();
            Assert.IsLessThan(1e-4f, difference);
        }
    }

    [TestMethod]
    public void A_file_that_does_not_fit_is_refused_with_the_tensors_that_differ()
    {
        var weights = ForeignWeights.Create();
        var odd = weights.Rename(name => name switch
        {
            "layer1.0.bn1.weight" => null,
            "layer2.0.conv1.weight" => "layer2.0.conv7.weight",
            _ => name,
        });
        odd.Add("layer2.0.conv1.weight", [8, 4, 1, 1], new float[32]);
        var path = File("odd.safetensors", ForeignWeights.SafeTensorsOf(odd)).Path;

        var message = Assert.ThrowsExactly<InvalidOperationException>(() => Fit(InitialWeights.FromFile(path))).Message;

        StringAssert.Contains(message, "odd.safetensors");
        StringAssert.Contains(message, "missing: layer1.0.bn1.weight;");
        StringAssert.Contains(message, "of another shape: layer2.0.conv1.weight (8, 4, 1, 1) instead of (8, 4, 3, 3);");
        StringAssert.Contains(message, "not of this network: layer2.0.conv7.weight.");
    }

    [TestMethod]
    public void Another_network_than_the_files_is_refused()
    {
        var path = File("weights.safetensors", ForeignWeights.SafeTensorsOf(ForeignWeights.Create())).Path;

        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() =>
                Fit(InitialWeights.FromFile(path), ResNetArchitecture.ResNet34 with { Width = 4 })).Message,
            "its tensors are not those of resnet34: missing: layer1.1.conv1.weight, ");
    }

    [TestMethod]
    public void What_is_no_file_of_weights_is_refused_with_a_word_on_what_it_is()
    {
        StringAssert.Contains(Refused("text.safetensors", "not weights at all"u8.ToArray()),
            "text.safetensors', which cannot be used: its header claims");
        StringAssert.Contains(Refused("weights.h5", []), "files that end in '.h5' are not known");
        StringAssert.Contains(Refused("empty.safetensors", ForeignWeights.SafeTensorsOf(new())),
            "'conv1.weight' of torchvision's ResNets is missing; it has no tensors");
        var bert = new NamedTensors();
        bert.Add("embeddings.weight", [1], [0]);
        StringAssert.Contains(Refused("bert.safetensors", ForeignWeights.SafeTensorsOf(bert)), "is missing; it has embeddings.weight");
        StringAssert.Contains(
            Assert.ThrowsExactly<FileNotFoundException>(() =>
                Fit(InitialWeights.FromFile(Path.Combine(_folder, "none.safetensors")))).Message,
            "none.safetensors', which does not exist");

        string Refused(string name, byte[] content) =>
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(File(name, content))).Message;
    }

    [TestMethod]
    public void Two_tensors_that_mean_the_same_are_refused_by_name()
    {
        var weights = ForeignWeights.Create();
        weights.Add("linear.weight", [1], [0]);
        var file = File("weights.safetensors", ForeignWeights.SafeTensorsOf(weights));

        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidOperationException>(() => Fit(file)).Message,
            "weights.safetensors', which cannot be used: there are two tensors 'fc.weight'");
    }

    [TestMethod]
    public void There_is_one_start_not_two() => StringAssert.Contains(
        Assert.ThrowsExactly<InvalidOperationException>(() =>
        {
            using var start = Images.Trainer(Images.Context()).Fit(Images.Labelled());
            Images.Trainer(Images.Context(), change: options =>
                (options.StartFrom, options.InitialWeights) = (start, InitialWeights.FromFile("x.safetensors")));
        }).Message,
        "InitialWeights is x.safetensors, but it must be null where there is StartFrom");

    private InitialWeights File(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        System.IO.File.WriteAllBytes(path, content);
        return InitialWeights.FromFile(path);
    }

    private static ResNetTransformer Fit(
        InitialWeights weights, ResNetArchitecture? architecture = null, ImageKind kind = ImageKind.Bytes) =>
        Images.Trainer(Images.Context(), kind, options =>
            (options.Architecture, options.InitialWeights, options.FrozenStages) = (architecture, weights, 4))
            .Fit(Images.Labelled(kind: kind));

    private static void AssertBody(NamedTensors expected, ResNetTransformer model, float tolerance = 0)
    {
        var actual = model.Model.Network.Weights;
        foreach (var (name, values) in expected.Tensors.Where(pair => !pair.Key.StartsWith("fc.", StringComparison.Ordinal)))
        {
            foreach (var (one, other) in values.Data.Zip(actual.Tensors[name].Data))
            {
                Assert.AreEqual(one, other, tolerance * Math.Max(1, Math.Abs(one)), name);
            }
        }
    }
}
