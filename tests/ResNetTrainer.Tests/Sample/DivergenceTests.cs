using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample;
using ResNetMLNet.Sample.Commands;
using ResNetMLNet.Sample.Rendering;
using ResNetMLNet.Tests.Support;
using Images = ResNetMLNet.Tests.Support.Images;

namespace ResNetMLNet.Tests.Sample;

[TestClass]
public class DivergenceTests
{
    private string _folder = "";

    [TestInitialize]
    public void Create() => _folder = Directory.CreateTempSubdirectory("resnet-tests-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Of_a_training_that_diverges_the_last_good_model_is_kept(bool isBesideAnother)
    {
        var another = Path.Combine(_folder, "last-good.zip");
        if (isBesideAnother)
        {
            File.WriteAllText(another, "of another training");
        }

        var data = Images.Diverging();
        var options = Images.Tiny(change: options =>
            (options.ExampleWeightColumnName, options.NumberOfEpochs, options.MemoryBudget) = ("Weight", 5, 100));
        using var signals = new Signals();
        var run = new TrainingRun(
            Images.Context(), new(data, data, data, "Features", 1), options, signals, TrainingDisplay.Create())
        {
            Start = "none",
        };

        Assert.ThrowsExactly<TrainingDivergedException>(() => run.Run(TrainingRun.OpenFolder(_folder, "--out")));

        var model = new MLContext().Model.Load(isBesideAnother ? Path.Combine(_folder, "last-good-2.zip") : another, out _);
        var scored = model.Transform(Images.Unlabelled());
        Assert.IsTrue(Snapshot.Scores(scored).All(row => row.All(float.IsFinite)));
        Assert.IsFalse(File.Exists(Path.Combine(_folder, "model.zip")), "An earlier training's stays what it is.");
        Assert.AreEqual(isBesideAnother, File.Exists(another) && File.ReadAllText(another) == "of another training");
        Assert.IsInstanceOfType<TextDataViewType>(scored.Schema["PredictedLabel"].Type);
    }
}
