using System.Text.Json;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>--skip-unreadable: one damaged file of many ends no command.</summary>
[TestClass]
public sealed class SkipUnreadableTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void A_training_leaves_them_out_and_names_each()
    {
        Damage("images");

        var run = SampleProcess.RunHere([.. _folder.Training, "--skip-unreadable", "--out", _folder.At("out")]);

        run.Succeeded();
        Names(run.Error);
        using var metrics = JsonDocument.Parse(File.ReadAllText(_folder.At("out", "metrics.json")));
        var images = metrics.RootElement.GetProperty("trainImages").GetInt32() + metrics.RootElement.GetProperty("testImages").GetInt32();
        Assert.AreEqual(30, images);
        CollectionAssert.IsSubsetOf(SampleFolder.Results, SampleFolder.NamesIn(_folder.At("out")));
    }

    [TestMethod]
    public void An_evaluation_leaves_them_out_and_its_report_too()
    {
        Damage("images");
        var report = _folder.At("report.html");

        var run = SampleProcess.RunHere(
            ["evaluate", "--model", _folder.Model, "--images", _folder.Images, "--skip-unreadable", "--json", "--report", report]);

        run.Succeeded();
        Names(run.Error);
        using var evaluation = JsonDocument.Parse(run.Output);
        Assert.AreEqual(30, evaluation.RootElement.GetProperty("images").GetInt32());
        Assert.AreEqual(2, evaluation.RootElement.GetProperty("unreadable").GetInt32());
        StringAssert.Contains(File.ReadAllText(report), "30");
        Assert.DoesNotContain("damaged", File.ReadAllText(report));
    }

    [TestMethod]
    public void Without_it_the_first_ends_the_command_which_says_what_to_type()
    {
        Damage("images");

        SampleProcess.RunHere([.. _folder.Training, "--out", _folder.At("out")]).AssertFailed("damaged", "--skip-unreadable");
        SampleProcess.RunHere(["evaluate", "--model", _folder.Model, "--images", _folder.Images])
            .AssertFailed("damaged", "--skip-unreadable");
    }

    [TestMethod]
    public void Where_none_can_be_read_that_is_an_error()
    {
        foreach (var name in (string[])["a.png", "b.png"])
        {
            Directory.CreateDirectory(_folder.At("none", name));
            File.WriteAllText(_folder.At("none", name, name), "No image.");
        }

        var run = SampleProcess.RunHere([.. _folder.TrainingOn("none"), "--skip-unreadable"]);

        Assert.AreEqual(1, run.Status);
        StringAssert.Contains(run.Error, "None of the 2 images");
        StringAssert.Contains(run.Error, "a.png");
    }

    [TestMethod]
    public void A_class_that_loses_all_its_images_is_named()
    {
        Directory.CreateDirectory(_folder.At("images", "gone"));
        File.WriteAllText(_folder.At("images", "gone", "a.png"), "No image.");

        var run = SampleProcess.RunHere([.. _folder.Training, "--skip-unreadable", "--out", _folder.At("out")]);

        run.Succeeded();
        StringAssert.Contains(run.Error, "left out: 1 of 31 images, which cannot be read; none is left of 'gone'");
    }

    [TestMethod]
    public void It_is_about_folders()
    {
        var run = SampleProcess.RunHere(["train", "--skip-unreadable"]);

        Assert.AreEqual(2, run.Status);
        StringAssert.Contains(run.Error, "--skip-unreadable needs --images");
    }

    // A text, and an image that is cut off behind its header.
    private void Damage(string folder)
    {
        File.WriteAllText(_folder.At(folder, "top", "damaged 1.png"), "No image.");
        var whole = File.ReadAllBytes(Directory.GetFiles(_folder.At(folder, "middle"))[0]);
        File.WriteAllBytes(_folder.At(folder, "middle", "damaged 2.png"), whole[..(whole.Length / 2)]);
    }

    private static void Names(string error)
    {
        StringAssert.Contains(error, "damaged 1.png");
        StringAssert.Contains(error, "damaged 2.png");
        StringAssert.Contains(error, "left out: 2 of 32 images, which cannot be read");
    }
}
