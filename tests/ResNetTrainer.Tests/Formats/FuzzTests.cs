using ResNetMLNet.Fuzz;

namespace ResNetMLNet.Tests.Formats;

/// <summary>Damaged files are read or refused, soon and in little memory, by every reader; `bench fuzz` reads more.</summary>
[TestClass]
public class FuzzTests
{
    private const int Files = 500;

    public static IEnumerable<object[]> Targets => FuzzTargets.Names.Select(name => (object[])[name]);

    [TestMethod]
    [DynamicData(nameof(Targets))]
    public void Damaged_files_are_read_or_refused(string target)
    {
        var result = FuzzProcess.Run(target, first: 0, Files, seed: 1);

        Assert.AreEqual(Files, result.Files);
        Assert.IsGreaterThan(0, result.Refused, "A mutator that damages nothing tests nothing.");
    }
}
