using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Samples;

/// <summary>The samples that are run on a folder of images.</summary>
[TestClass]
public sealed class ConsoleSampleTests
{
    private static TwoClassFolder _images = null!;

    [ClassInitialize]
    public static void Write(TestContext context) => _images = new(30);

    [ClassCleanup]
    public static void Delete() => _images.Dispose();

    [TestMethod]
    [DataRow("Minimal")]
    [DataRow("FSharp")]
    public void The_minimal_ones_train_save_load_and_predict(string name)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var (status, output, error) = SampleProgram.Run(name, folder.FullName, _images.Path);

            Assert.AreEqual(0, status, error);
            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.AreEqual("100.0% of the test images are classified rightly.", lines[^2].Replace(" %", "%"));
            Assert.MatchesRegex(@"image\d+\.bmp: (cat|dog) \((\d|cat|dog)", lines[^1]);
            CollectionAssert.AreEqual((string[])["model.zip"], folder.GetFiles().Select(file => file.Name).ToArray());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestMethod]
    public void Cross_validation_prints_its_folds_and_their_mean()
    {
        var (status, output, error) = SampleProgram.Run("CrossValidation", _images.Path, _images.Path);

        Assert.AreEqual(0, status, error);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.HasCount(6, lines, output);
        Assert.StartsWith("Fold 5: accuracy 100", lines[4]);
        Assert.StartsWith("Mean over classes and folds: 100", lines[5]);
    }

    [TestMethod]
    [DataRow("Minimal")]
    [DataRow("CrossValidation")]
    [DataRow("FSharp")]
    public void Without_a_folder_it_says_how_it_is_used(string name)
    {
        var (status, _, error) = SampleProgram.Run(name, _images.Path);

        Assert.AreEqual(2, status);
        StringAssert.Contains(error, $"Usage: {name} FOLDER");
    }
}
