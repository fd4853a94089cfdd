using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Sample;

/// <summary>Standard output and standard error that are full or closed.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public sealed class StandardStreamTests : IDisposable
{
    private readonly SampleFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("exec \"$@\" > /dev/full")]
    [DataRow("exec \"$@\" > /dev/full 2>&1")]
    [DataRow("exec \"$@\" >&-")]
    [DataRow("\"$@\" | true; [ -e {out}/report.html ]")]
    public void Training_does_not_end_by_what_happens_to_its_output(string line)
    {
        var run = SampleProcess.RunInShell(line.Replace("{out}", _folder.At("out")), [.. _folder.Training, "--out", _folder.At("out")]);

        Assert.AreEqual(0, run.Status, run.Error);
        CollectionAssert.AreEquivalent(SampleFolder.Results, SampleFolder.NamesIn(_folder.At("out")));
    }

    [TestMethod]
    [DataRow("--json")]
    [DataRow]
    public void A_result_that_cannot_be_printed_is_a_failure(params string[] more) => SampleProcess
        .RunInShell("exec \"$@\" > /dev/full", ["evaluate", "--model", _folder.Model, "--images", _folder.Images, .. more])
        .AssertFailed("Standard output");

    [TestMethod]
    public void A_failure_that_cannot_be_printed_is_one_still()
    {
        var run = SampleProcess.RunInShell("exec \"$@\" 2> /dev/full", "evaluate", "--model", "nothing.zip");

        Assert.AreEqual(1, run.Status);
    }
}
