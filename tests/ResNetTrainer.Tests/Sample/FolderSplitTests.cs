using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Sample.Images;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>Which images of a folder train keeps back to test on.</summary>
[TestClass]
public sealed class FolderSplitTests : IDisposable
{
    private static readonly MLContext _ml = new();

    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Two_images_a_class_are_one_to_train_on_and_one_to_test_on()
    {
        Make("two", 2);

        var run = SampleProcess.RunHere([.. _folder.TrainingOn("two"), "--out", _folder.At("out")]);

        run.Succeeded();
        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        Assert.AreEqual(2, metrics.RootElement.GetProperty("testImages").GetInt32());
        Assert.AreEqual(2, metrics.RootElement.GetProperty("trainImages").GetInt32());
    }

    [TestMethod]
    public void One_image_a_class_is_an_error_when_training_and_none_when_evaluating()
    {
        foreach (var name in (string[])["top", "middle", "bottom"])
        {
            Directory.CreateDirectory(_folder.At("one", name));
            File.Copy(Directory.GetFiles(_folder.At("images", name))[0], _folder.At("one", name, "a.png"));
        }

        var trained = SampleProcess.RunHere([.. _folder.TrainingOn("one"), "--out", _folder.At("out")]);
        string[] evaluate = ["evaluate", "--model", _folder.Model, "--images", _folder.At("one")];

        trained.AssertFailed(_folder.At("one"), "two images");
        SampleProcess.RunHere(evaluate).Succeeded();
        SampleProcess.RunHere([.. evaluate, "--held-out"]).AssertFailed(_folder.At("one"), "two images");
    }

    [TestMethod]
    public void What_was_kept_back_can_be_evaluated_by_itself_afterwards()
    {
        SampleProcess.RunHere([.. _folder.Training, "--seed", "7", "--out", _folder.At("out")]).Succeeded();
        string[] evaluate = ["evaluate", "--model", _folder.At("out", "model.zip"), "--images", _folder.Images, "--json"];
        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        using var all = JsonDocument.Parse(SampleProcess.RunHere(evaluate).Succeeded());
        using var kept = JsonDocument.Parse(
            SampleProcess.RunHere([.. evaluate, "--held-out", "--report", _folder.At("report.html")]).Succeeded());

        Assert.AreEqual(30, all.RootElement.GetProperty("images").GetInt32());
        Assert.AreEqual(
            metrics.RootElement.GetProperty("testImages").GetInt32(), kept.RootElement.GetProperty("images").GetInt32());
        Assert.AreEqual(
            metrics.RootElement.GetProperty("testAccuracy").GetDouble(), kept.RootElement.GetProperty("accuracy").GetDouble(), 1e-6);
        StringAssert.Contains(File.ReadAllText(_folder.At("report.html")), "data:image/png");
    }

    [TestMethod]
    public void An_image_to_train_on_stays_one_when_others_are_added()
    {
        Make("some", 15);
        var before = Split("some");
        Make("some", 100);
        var after = Split("some");

        Assert.IsNotEmpty(before.Test);
        Assert.IsEmpty(before.Train.Intersect(after.Test));
        Assert.AreEqual(200, after.Train.Length + after.Test.Length);
        Assert.IsTrue(after.Test.Length is > 20 and < 60, $"{after.Test.Length} of 200");
    }

    [TestMethod]
    public void Each_class_has_images_to_train_on_and_to_test_on()
    {
        foreach (var count in (int[])[2, 3, 4, 5])
        {
            Make($"{count}", count);
            var (train, test) = Split($"{count}");
            foreach (var name in (string[])["cats", "dogs"])
            {
                var part = $"{Path.DirectorySeparatorChar}{name}{Path.DirectorySeparatorChar}";
                Assert.Contains(path => path.Contains(part, StringComparison.Ordinal), train);
                Assert.Contains(path => path.Contains(part, StringComparison.Ordinal), test);
            }
        }
    }

    // With another split, models would be tested on what earlier versions trained them on.
    [TestMethod]
    public void The_images_of_a_folder_are_divided_as_they_ever_were()
    {
        foreach (var name in (string[])["cats", "dogs"])
        {
            Directory.CreateDirectory(_folder.At("fixed", name, "small"));
            foreach (var file in (string[])[.. Enumerable.Range(1, 18).Select(number => $"{number}.png"), "small/1.png", "猫.png"])
            {
                File.WriteAllText(_folder.At("fixed", name, file), "Only its name is read.");
            }
        }

        var (train, test) = Split("fixed");
        var tested = test.Select(path => Path.GetRelativePath(_folder.At("fixed"), path).Replace('\\', '/'));

        CollectionAssert.AreEqual(
            (string[])
            [
                "cats/10.png", "cats/14.png", "cats/17.png", "cats/small/1.png", "cats/猫.png", "dogs/7.png", "dogs/small/1.png",
            ],
            tested.Order(StringComparer.Ordinal).ToArray());
        Assert.HasCount(33, train);
        Assert.IsEmpty(train.Intersect(test));
    }

    // So many images in each of two classes.
    private void Make(string folder, int count)
    {
        var image = Directory.GetFiles(_folder.At("images", "top"))[0];
        foreach (var name in (string[])["cats", "dogs"])
        {
            Directory.CreateDirectory(_folder.At(folder, name));
            foreach (var number in Enumerable.Range(1, count))
            {
                File.Copy(image, _folder.At(folder, name, $"{number}.png"), overwrite: true);
            }
        }
    }

    private (string[] Train, string[] Test) Split(string folder)
    {
        var images = _ml.Data.LoadFromImageFolder(_folder.At(folder));
        var split = new FolderSplit(_ml, images, _folder.At(folder));
        return (Paths(split.Train(images)), Paths(split.Test(images)));
    }

    private static string[] Paths(IDataView images) => [.. images.GetColumn<string>("ImagePath")];
}
