using ResNetMLNet.Sample.Rendering;

namespace ResNetMLNet.Tests.Sample;

/// <summary>The confusion matrix on a terminal.</summary>
[TestClass]
public class ConfusionTableTests
{
    [TestMethod]
    [DataRow(2, "cat")]
    [DataRow(3, "a class with a long name")]
    [DataRow(12, "c")]
    public void A_number_stands_under_that_of_its_class(int classes, string name)
    {
        var lines = Write(classes, name)[1..];

        Assert.HasCount(classes + 1, lines);
        for (var row = 0; row < classes; row++)
        {
            // All images of a class are taken for it.
            var end = lines[row + 1].LastIndexOf(" 7", StringComparison.Ordinal) + 2;
            Assert.EndsWith($" {row}", lines[0][..end]);
        }
    }

    [TestMethod]
    public void Of_many_classes_only_what_is_taken_for_each_other_is_shown()
    {
        var lines = Write(1000, new string('n', 200));

        Assert.IsLessThan(25, lines.Length);
        StringAssert.Contains(lines[2], "3");
        StringAssert.Contains(lines[2], "taken for");
    }

    private static string[] Write(int classes, string name)
    {
        var confusion = Enumerable.Range(0, classes).Select(row => new long[classes]).ToArray();
        for (var row = 0; row < classes; row++)
        {
            confusion[row][row] = 7;
        }

        if (classes > 30)
        {
            confusion[4][5] = 3;
        }

        using var output = new StringWriter();
        ConfusionTable.Write(output, new()
        {
            Images = 7 * classes,
            Accuracy = 1,
            MacroAccuracy = 1,
            LogLoss = 0,
            Classes = [.. Enumerable.Range(0, classes).Select(row => $"{name}{row}")],
            Confusion = confusion,
            LeftOut = new Dictionary<string, long>(),
        });
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
