using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML;
using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Tests.Weights;

namespace ResNetMLNet.Tests.Formats;

/// <summary>
/// What 0.2 saves, and 0.1 did not know. Fixtures/version-2 keeps one of each, with what it computed; written by
/// <c>FIXTURES=FOLDER dotnet test --filter FullyQualifiedName~VersionTwoTests.Today</c>, once.
/// </summary>
[TestClass]
public sealed class VersionTwoTests : IDisposable
{
    private const string ExpectedFile = "expected.json";
    private const string Training = "training";
    private const string Pruned = "pruned";

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "version-2");

    // Read when it is asked for: fixtures are written before there are any.
    private static Dictionary<string, float[][]> Expected =>
        JsonSerializer.Deserialize<Dictionary<string, float[][]>>(File.ReadAllText(Path.Combine(Folder, ExpectedFile)))!;

    private readonly string _folder = Directory.CreateTempSubdirectory("resnet-version-2-").FullName;

    private string[] Checkpoints => Directory.GetFiles(_folder, "checkpoint-*");

    public static IEnumerable<object[]> Kinds =>
    [
        ["statistics", SavedZip.Header, 2],
        ["views", SavedZip.Header, 3],
        ["features", SavedZip.Header, 1],
        ["heat-maps", "heatmap.json", 1],
    ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void What_was_saved_computes_what_it_computed(string kind, string header, int version)
    {
        var zip = File.ReadAllBytes(Path.Combine(Folder, $"{kind}.zip"));

        Assert.AreEqual(version, JsonNode.Parse(SavedZip.Entry(zip, header))!["formatVersion"]!.GetValue<int>());
        Snapshot.AssertNear(Expected[kind], Computed(kind, SavedZip.Load(zip)));
    }

    [TestMethod]
    public void A_checkpoint_of_Muon_within_an_epoch_is_resumed_to_the_model_that_came_of_it()
    {
        var checkpoints = Directory.CreateDirectory(Path.Combine(_folder, "checkpoints")).FullName;
        Copy(Directory.GetFiles(Folder, "checkpoint-*"), checkpoints);

        var log = new List<string>();
        using var model = Resumable(options => options.Checkpoints = new() { Directory = checkpoints, Resume = true }, log);

        Assert.Contains("checkpoint-0001-0000001", string.Join(Environment.NewLine, log));
        Snapshot.AssertNear(Expected[Training], Scores(model));
    }

    [TestMethod]
    public void A_checkpoint_of_a_training_that_leaves_images_out_is_resumed_to_the_model_that_came_of_it()
    {
        var fixture = Path.Combine(Folder, Pruned);
        var checkpoints = Directory.CreateDirectory(Path.Combine(_folder, "checkpoints")).FullName;
        Copy(Directory.GetFiles(fixture, "checkpoint-*"), checkpoints);
        var expected = JsonSerializer.Deserialize<float[][]>(File.ReadAllText(Path.Combine(fixture, ExpectedFile)))!;

        using var model = Resumable(options =>
        {
            LeaveOut(options);
            options.Checkpoints = new() { Directory = checkpoints, Resume = true };
        });

        Assert.IsLessThan(30, model.Model.History[2].NumberOfImages!.Value);
        Snapshot.AssertNear(expected, Scores(model));
    }

    [TestMethod]
    public void Today_such_a_checkpoint_is_written()
    {
        using var cancellation = new CancellationTokenSource();
        using var cancelled = Resumable(options =>
        {
            LeaveOut(options);
            CancelWithin(epoch: 3, options, cancellation);
        });
        using var stream = File.OpenRead(Checkpoints.Single());
        SafeTensors.Read(stream, out var metadata);
        StringAssert.Contains(metadata["checkpoint"], "\"formatVersion\": 4");
        StringAssert.Contains(Checkpoints.Single(), "checkpoint-0002-0000001");
        using var whole = Resumable(LeaveOut);
        File.WriteAllText(Path.Combine(_folder, ExpectedFile), JsonSerializer.Serialize(Scores(whole)));

        Keep([Path.Combine(_folder, ExpectedFile), .. Checkpoints], Pruned);
    }

    // Fixtures are made by this, so that those of the next version have what is new in it.
    [TestMethod]
    public void Today_the_same_is_saved()
    {
        var expected = new Dictionary<string, float[][]>();
        foreach (var kind in Kinds.Select(row => (string)row[0]))
        {
            var (transformer, file) = (Create(kind), Path.Combine(_folder, $"{kind}.zip"));
            new MLContext().Model.Save(transformer, null, file);
            expected[kind] = Computed(kind, transformer);
            Snapshot.AssertNear(expected[kind], Computed(kind, new MLContext().Model.Load(file, out _)));
        }

        using var cancellation = new CancellationTokenSource();
        using var cancelled = Resumable(options => CancelWithin(epoch: 2, options, cancellation));
        StringAssert.Contains(Checkpoints.Single(), "checkpoint-0001-0000001");
        using var whole = Resumable(_ => { });
        expected[Training] = Scores(whole);
        File.WriteAllText(Path.Combine(_folder, ExpectedFile), JsonSerializer.Serialize(expected));

        Keep([.. Directory.GetFiles(_folder, "*.zip"), Path.Combine(_folder, ExpectedFile), .. Checkpoints]);
    }

    // Leaves a checkpoint after the epoch's first step.
    private void CancelWithin(int epoch, ResNetTrainer.Options options, CancellationTokenSource cancellation)
    {
        options.Checkpoints = new() { Directory = _folder, Kept = 1 };
        (options.CancellationToken, options.OnCancellation) = (cancellation.Token, CancellationBehavior.ReturnModel);
        options.ProgressCallback = progress => cancellation.CancelIf(progress.Epoch == epoch && progress.Images > 0);
    }

    // In the third of four epochs images are left out, by what the second one's losses were.
    private static void LeaveOut(ResNetTrainer.Options options) => (options.DataPruning, options.NumberOfEpochs) = (0.5, 4);

    private static void Keep(string[] files, string folder = "")
    {
        if (Environment.GetEnvironmentVariable("FIXTURES") is { Length: > 0 } fixtures)
        {
            Copy(files, Directory.CreateDirectory(Path.Combine(fixtures, folder)).FullName);
        }
    }

    private ITransformer Create(string kind)
    {
        var file = Path.Combine(_folder, "weights.safetensors");
        File.WriteAllBytes(file, ForeignWeights.SafeTensorsOf(ForeignWeights.Create()));
        var (ml, weights) = (Images.Context(), InitialWeights.FromFile(file, new([0.1f, 0.2f, 0.3f], [0.4f, 0.5f, 0.6f])));
        return kind switch
        {
            "statistics" => Fit(options => (options.InitialWeights, options.Architecture) = (weights, null)),
            "views" => Fit(options =>
            {
                (options.TestTimeAugmentation, options.RejectBelow) = (TestTimeAugmentation.FlipAndShift, 0.4);
                (options.Calibrate, options.ValidationSet) = (true, Images.Labelled(12, ImageKind.Bytes));
            }),
            "features" => ml.Transforms.ResNetFeatures("Seen", weights, "Features", imageSize: 24)
                .Fit(Images.Unlabelled(1, ImageKind.Bytes)),
            _ => ml.Transforms.ExplainImage("Seen", Fit(_ => { })).Fit(Images.Unlabelled(1, ImageKind.Bytes)),
        };

        ResNetTransformer Fit(Action<ResNetTrainer.Options> change) =>
            Images.Trainer(ml, ImageKind.Bytes, change).Fit(Images.Labelled(kind: ImageKind.Bytes));
    }

    private static float[][] Computed(string kind, ITransformer transformer) => Snapshot.Scores(
        transformer.Transform(Images.Unlabelled(4, ImageKind.Bytes)), kind is "statistics" or "views" ? "Score" : "Seen");

    // The recipe's own training, by Muon, with all that is random in it.
    private static ResNetTransformer Resumable(Action<ResNetTrainer.Options> change, List<string>? log = null) =>
        Images.Trainer(Images.Context(log ?? []), change: options =>
        {
            options.Architecture = ResNetArchitecture.NarrowResNet18 with { Name = "tiny", Width = 4, Depths = new(1, 1, 1) };
            (options.NumberOfEpochs, options.Augmentation) = (3, Augmentation.Flip | Augmentation.Shift | Augmentation.RandomErasing);

            // The number of threads that the checkpoint was written with.
            options.Threads = 2;
            change(options);
        }).Fit(Images.Labelled(30));

    private static float[][] Scores(ResNetTransformer model) => Snapshot.Scores(model.Transform(Images.Labelled(6)));

    private static void Copy(string[] files, string folder) =>
        Array.ForEach(files, file => File.Copy(file, Path.Combine(folder, Path.GetFileName(file))));
}
