using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>What train says of a file that is there twice.</summary>
[TestClass]
public sealed class DuplicateImageTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void An_image_of_two_classes_is_named()
    {
        var (one, other) = (_folder.At("images", "top", "0.png"), _folder.At("images", "bottom", "copy.png"));
        File.Copy(one, other);

        StringAssert.Contains(Train(), $"the same image is in two classes: '{other}' and '{one}'; one of the labels is wrong");
    }

    [TestMethod]
    public void A_link_to_an_image_is_that_image()
    {
        var (one, other) = (_folder.At("images", "top", "0.png"), _folder.At("images", "bottom", "link.png"));
        SymbolicLinks.ToFile(other, one);

        StringAssert.Contains(Train(), $"the same image is in two classes: '{other}' and '{one}'");
    }

    [TestMethod]
    public void An_image_that_is_trained_on_and_tested_is_named()
    {
        var (one, other) = (_folder.At("images", "top", "0.png"), _folder.At("test", "top", "copy.png"));
        Directory.CreateDirectory(_folder.At("test", "top"));
        File.Copy(one, other);

        var output = Train("--test-images", _folder.At("test"));

        StringAssert.Contains(output, $"trained on and tested, which makes the test accuracy too good: '{one}' and '{other}'");
        Assert.DoesNotContain("in two classes", output);
    }

    [TestMethod]
    public void Images_that_are_there_twice_in_one_class_and_trained_on_do_no_harm()
    {
        File.Copy(_folder.At("images", "top", "0.png"), _folder.At("images", "top", "copy.png"));
        File.WriteAllBytes(
            _folder.At(Directory.CreateDirectory(_folder.At("test", "top")).FullName, "new.bmp"), PixelPattern.Bmp(0, 3, 20, 20));

        var output = Train("--test-images", _folder.At("test"));

        Assert.DoesNotContain("in two classes", output);
        Assert.DoesNotContain("trained on and tested", output);
    }

    private string Train(params string[] more)
    {
        var run = SampleProcess.RunHere([.. _folder.Training, "--out", _folder.At("out"), .. more]);
        run.Succeeded();
        return run.Output;
    }
}
