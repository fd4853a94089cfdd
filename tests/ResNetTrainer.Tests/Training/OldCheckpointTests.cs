using ResNetMLNet.Formats;
using ResNetMLNet.Tests.Support;
using ResNetMLNet.Training;
using ResNetMLNet.Training.Checkpoints;

namespace ResNetMLNet.Tests.Training;

/// <summary>Checkpoints from before there was Muon, when the network for those who name none was the book's at any size.</summary>
[TestClass]
public class OldCheckpointTests
{
    private string _folder = "";

    [TestInitialize]
    public void Create() => _folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void They_go_on_as_they_began()
    {
        var expected = Fit(epochs: 3, resume: false, ResNetArchitecture.BookResNet18, BeforeMuon).Fingerprint();
        Delete("0002");
        Delete("0003");
        foreach (var file in Directory.GetFiles(_folder, "checkpoint-*"))
        {
            // Its plan knew nothing of Muon.
            var (checkpoint, words) = CheckpointFile.Read(file);
            CheckpointFile.Write(file, checkpoint, words.Where(word => word.Key != nameof(TrainingPlan.MuonMultiplier)).ToDictionary());
        }

        Assert.HasCount(1, Directory.GetFiles(_folder, "checkpoint-*"));
        Assert.AreEqual(expected, Fit(epochs: 3, resume: true, architecture: null).Fingerprint());

        // And again from a checkpoint that was written since.
        Delete("0003");
        Assert.AreEqual(expected, Fit(epochs: 3, resume: true, architecture: null).Fingerprint());
    }

    [TestMethod]
    [DataRow(null, DisplayName = "without, also where there is no word of it")]
    [DataRow(true, DisplayName = "with, also on a processor that is not sooner done so")]
    public void What_began_with_or_without_Winograds_convolutions_goes_on_so(bool? winograd)
    {
        var architecture = ResNetArchitecture.BookResNet18;
        var expected = Fit(epochs: 2, resume: false, architecture, plan => plan with { Winograd = winograd }).Fingerprint();
        Delete("0002");
        foreach (var file in Directory.GetFiles(_folder, "checkpoint-*"))
        {
            var (checkpoint, words) = CheckpointFile.Read(file);
            Assert.AreEqual($"{winograd}", words[nameof(TrainingPlan.Winograd)]);
            var kept = words.Where(word => word.Key != nameof(TrainingPlan.Winograd) || winograd is not null);
            CheckpointFile.Write(file, checkpoint, kept.ToDictionary());
        }

        Assert.AreEqual(expected, Fit(epochs: 2, resume: true, architecture).Fingerprint());
    }

    private void Delete(string epoch) => Array.ForEach(Directory.GetFiles(_folder, $"checkpoint-{epoch}-*"), File.Delete);

    private static TrainingPlan BeforeMuon(TrainingPlan plan) => plan with
    {
        MuonMultiplier = null,
        LearningRate = 0.1 * plan.BatchSize / 128,
        Warmup = 0.25,
        LabelSmoothing = 0,
    };

    private NamedTensors Fit(
        int epochs, bool resume, ResNetArchitecture? architecture, Func<TrainingPlan, TrainingPlan>? change = null)
    {
        using var model = Images.Trainer(Images.Context(), change: options =>
        {
            (options.Architecture, options.NumberOfEpochs, options.Ablation) = (architecture, epochs, change);
            options.Checkpoints = new() { Directory = _folder, Resume = resume, Kept = 5 };
        }).Fit(Images.Labelled(rows: 8));
        return model.Model.Network.Weights;
    }
}
