using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Sample.Commands;
using ResNetMLNet.Sample.Images;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What becomes of the options of train: the trainer's.</summary>
[TestClass]
public sealed class TrainerOptionTests
{
    private static readonly ImageSets _images =
        new(Images.Labelled(size: 24), Images.Labelled(6, size: 24), Images.Labelled(6, size: 24), "Features", ImageChannels: 1);

    [TestMethod]
    public void Each_option_is_one_of_the_trainers()
    {
        (string Line, Func<ResNetTrainer.Options, object?> Part, object? Expected)[] table =
        [
            ("--architecture ResNet50", told => told.Architecture, ResNetArchitecture.ResNet50),
            ("--image-size 32", told => told.ImageSize, 32),
            ("--resize-mode stretch", told => told.ResizeMode, ResizeMode.Stretch),
            ("--resize-mode pad", told => told.ResizeMode, ResizeMode.Pad),
            ("--pretrained", told => told.InitialWeights?.Path, PretrainedWeights.ImageNet.Path),
            ("--pretrained", told => told.InitialWeights?.BlueFirst, true),
            ("--weights a.pth", told => told.InitialWeights?.Path, Path.GetFullPath("a.pth")),
            ("--weights a.pth", told => told.InitialWeights?.BlueFirst, false),
            ("--weights a.pth --frozen-stages 2", told => told.FrozenStages, 2),
            ("--pretrained --frozen-stages -1", told => told.FrozenStages, -1),
            ("--recipe best", told => told.Recipe, TrainingRecipe.Best),
            ("--recipe book", told => told.Recipe, TrainingRecipe.Book),
            ("--recipe book", told => told.ImageSize, 96),
            ("--recipe book", told => told.TestTimeAugmentation, TestTimeAugmentation.None),
            ("--epochs 7", told => told.NumberOfEpochs, 7),
            ("--batch-size 48", told => told.BatchSize, 48),
            ("--learning-rate 2e-3", told => told.LearningRate, 0.002),
            ("--no-flip", told => told.AllowFlip, false),
            ("--no-flip", told => told.TestTimeAugmentation, TestTimeAugmentation.None),
            ("--augmentation flip,rotation", told => told.Augmentation, Augmentation.Flip | Augmentation.Rotation),
            ("--augmentation none", told => told.Augmentation, Augmentation.None),
            ("--augmentation shift", told => told.AllowFlip, false),
            ("--augmentation shift", told => told.TestTimeAugmentation, TestTimeAugmentation.None),
            ("--class-weights balanced", told => told.ClassWeights, ClassWeights.Balanced),
            ("--device cpu", told => told.Device, ComputeDevice.Cpu),
            ("--device cuda:2", told => told.Device, ComputeDevice.Cuda),
            ("--precision float32", told => told.Precision, ComputePrecision.Float32),
            ("--precision bfloat16", told => told.Precision, ComputePrecision.BFloat16),
            ("--threads 3", told => told.Threads, 3),
            ("--checkpoint kept", told => told.Checkpoints, new CheckpointOptions { Directory = Path.GetFullPath("kept") }),
            ("--checkpoint kept --resume", told => told.Checkpoints?.Resume, true),
        ];
        var usual = Told(_images);
        foreach (var (line, part, expected) in table)
        {
            Assert.AreEqual(expected, part(Told(_images, line.Split(' '))), line);
            Assert.AreNotEqual(expected, part(usual), line);
        }

        // Of the others the tests below tell.
        var all = new Verb("train", "Trains.");
        new TrainOptions().AddTo(all);
        CollectionAssert.IsSubsetOf(
            all.Options.Select(option => option.Name).ToArray(),
            (string[])["--seed", "--start-from", .. table.SelectMany(row => row.Line.Split(' '))]);
    }

    [TestMethod]
    public void What_is_not_said_is_left_to_the_recipe_and_the_images()
    {
        var usual = Told(_images);

        Assert.AreEqual(TrainingRecipe.Fast, usual.Recipe);
        Assert.AreEqual(24, usual.ImageSize);
        Assert.AreEqual(ResizeMode.CenterCrop, usual.ResizeMode);
        Assert.AreEqual(ComputeDevice.Auto, usual.Device);
        Assert.AreEqual(ComputePrecision.Auto, usual.Precision);
        Assert.AreEqual(ClassWeights.Equal, usual.ClassWeights);
        Assert.IsTrue(usual.AllowFlip);
        Assert.AreEqual(TestTimeAugmentation.Flip, usual.TestTimeAugmentation);
        Assert.AreEqual(CancellationBehavior.ReturnModel, usual.OnCancellation);
        Assert.AreSame(_images.Test, usual.ValidationSet);
        object?[] recipes =
        [
            usual.Architecture, usual.NumberOfEpochs, usual.BatchSize, usual.LearningRate, usual.Threads, usual.Augmentation,
            usual.StartFrom, usual.InitialWeights, usual.FrozenStages, usual.Checkpoints,
        ];
        Assert.IsTrue(recipes.All(each => each is null), string.Join(", ", recipes));
    }

    [TestMethod]
    public void The_seed_and_the_number_of_the_GPU_are_the_contexts()
    {
        foreach (var (words, seed, gpu) in ((string[], int, int?)[])[([], 0, null), (["--seed", "7", "--device", "cuda:2"], 7, 2)])
        {
            var (parsed, _, training) = Parse(words);
            var context = training.CreateContext(parsed);

            Assert.AreEqual(seed, training.Seed(parsed));
            Assert.AreEqual(seed, Internals.SeedOf(Internals.EnvironmentOf(context.Data)));
            Assert.AreEqual(gpu, context.GpuDeviceId);
        }
    }

    [TestMethod]
    public void A_model_to_start_from_says_how_images_are_seen_unless_that_is_said()
    {
        using var folder = new SampleFolder();
        var further = Told(_images, "--start-from", folder.Model);
        using var start = (ResNetTransformer)further.StartFrom!;
        var other = Told(_images, "--start-from", folder.Model, "--image-size", "32", "--resize-mode", "pad");
        using var startOfOther = (ResNetTransformer)other.StartFrom!;

        Assert.AreEqual("tiny", start.Model.Architecture.Name);
        Assert.IsNull(further.InitialWeights);
        Assert.AreEqual(20, further.ImageSize);
        Assert.AreEqual(ResizeMode.Stretch, further.ResizeMode);
        Assert.AreEqual(32, other.ImageSize);
        Assert.AreEqual(ResizeMode.Pad, other.ResizeMode);
    }

    [TestMethod]
    public void Images_come_from_where_they_are_said_to_be()
    {
        using var folder = new SampleFolder();
        folder.Copy("top", "kept");
        folder.Copy("middle", "kept");
        Directory.CreateDirectory(folder.At("idx"));
        foreach (var (part, count) in ((string, byte)[])[("train", 4), ("t10k", 2)])
        {
            File.WriteAllBytes(
                folder.At("idx", $"{part}-images-idx3-ubyte"),
                [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28, .. new byte[count * 28 * 28]]);
            File.WriteAllBytes(folder.At("idx", $"{part}-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, count, .. new byte[count]]);
        }

        var own = Open("--images", folder.Images);
        var apart = Open("--images", folder.Images, "--test-images", folder.At("kept"));
        var idx = Open("--data", folder.At("idx"));

        var tested = Rows(own.Test);
        Assert.IsTrue(tested is > 0 and < 15, $"{tested} of 30");
        Assert.AreEqual(30, Rows(own.Train) + tested);
        Assert.AreEqual((30, 20), (Rows(apart.Train), Rows(apart.Test)));
        Assert.AreEqual((4, 2), (Rows(idx.Train), Rows(idx.Test)));
        Assert.AreEqual(("ImageBytes", 3, true), (own.FeatureColumnName, own.ImageChannels, own.IsOwn));
        Assert.AreEqual(("Pixels", 1, false), (idx.FeatureColumnName, idx.ImageChannels, idx.IsOwn));
        foreach (var (sets, size) in ((ImageSets, int)[])[(own, 20), (apart, 20), (idx, 28)])
        {
            var told = Told(sets);
            Assert.AreEqual(sets.FeatureColumnName, told.FeatureColumnName);
            Assert.AreEqual(sets.ImageChannels, told.ImageChannels);
            Assert.AreEqual(size, told.ImageSize);
            Assert.AreSame(sets.Test, told.ValidationSet);
        }
    }

    private static int Rows(IDataView images) => images.GetColumn<uint>("Label").Count();

    private static ImageSets Open(params string[] words)
    {
        var (parsed, data, _) = Parse(words);
        return data.Open(new MLContext(), parsed, seed: 0, TextWriter.Null, CancellationToken.None);
    }

    private static ResNetTrainer.Options Told(ImageSets images, params string[] words)
    {
        var (parsed, _, training) = Parse(words);
        return training.Get(new MLContext(), parsed, images);
    }

    // As train has them.
    private static (ParseResult Parsed, DataOptions Data, TrainOptions Training) Parse(string[] words)
    {
        var (data, training, verb) = (new DataOptions(), new TrainOptions(), new Verb("train", "Trains."));
        data.AddTo(verb, trains: true);
        training.AddTo(verb);
        var parsed = verb.Parse(words);
        Assert.IsEmpty(parsed.Errors, string.Join(' ', words));
        return (parsed, data, training);
    }
}
