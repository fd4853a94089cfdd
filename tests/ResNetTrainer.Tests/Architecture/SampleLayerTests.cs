using Mono.Cecil;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Architecture;

/// <summary>The folders of the sample know each other in one direction only. Its root is what all of them may use.</summary>
[TestClass]
public class SampleLayerTests
{
    private const string Root = "ResNetMLNet.Sample";

    // Each knows those behind it.
    private static readonly string[] _rooms = ["Commands", "Reporting", "Rendering", "Scoring", "Images", "Files"];

    private static readonly IReadOnlyDictionary<TypeDefinition, IReadOnlySet<TypeReference>> _graph =
        AssemblyGraph.Of(ModuleDefinition.ReadModule(SampleProcess.Program));

    [TestMethod]
    public void No_folder_knows_one_that_stands_above_it()
    {
        var violations =
            from type in _graph.Keys
            where Room(type) >= 0
            from other in _graph[type].OfType<TypeDefinition>()
            where Room(other) >= 0 && Room(other) < Room(type)
            select $"{type.FullName} knows {other.FullName}";

        Assert.AreEqual("", string.Join(Environment.NewLine, violations.Order()));
    }

    [TestMethod]
    public void Every_folder_is_in_the_list_and_every_folder_of_the_list_exists() => CollectionAssert.AreEquivalent(
        _rooms,
        _graph.Keys.Where(type => type.Namespace.StartsWith($"{Root}.", StringComparison.Ordinal))
            .Select(type => type.Namespace.Split('.')[2]).Distinct().ToArray());

    private static int Room(TypeDefinition type) =>
        type.Namespace.StartsWith($"{Root}.", StringComparison.Ordinal) ? Array.IndexOf(_rooms, type.Namespace.Split('.')[2]) : -1;
}
