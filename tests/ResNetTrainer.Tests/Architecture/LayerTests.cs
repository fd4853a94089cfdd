using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Mono.Cecil;

namespace ResNetMLNet.Tests.Architecture;

/// <summary>The rooms of the library know each other in one direction only: that of the list in docs/ARCHITECTURE.md.</summary>
[TestClass]
public class LayerTests
{
    private const string Root = "ResNetMLNet";

    // What a Fit does, with the options that it is given and the transformer that it gives: of the face.
    private const string Fitting = $"{Root}.Fitting";
    private static readonly ModuleDefinition Library = ModuleDefinition.ReadModule(typeof(ResNetTrainer).Assembly.Location);
    private static readonly IReadOnlyDictionary<TypeDefinition, IReadOnlySet<TypeReference>> Graph = AssemblyGraph.Of(Library);
    private static readonly HashSet<TypeDefinition> Vocabulary = FindVocabulary();
    private static readonly string[][] Layers = ReadLayers();

    [TestMethod]
    public void No_room_knows_one_that_stands_above_it_or_beside_it()
    {
        var violations =
            from type in Ours(Graph.Keys)
            from other in Graph[type].OfType<TypeDefinition>()
            where Ours([other]).Any() && !Vocabulary.Contains(other) && Room(other) != Room(type) && Layer(other) <= Layer(type)
            select $"{type.FullName} knows {other.FullName}";

        Assert.AreEqual("", string.Join(Environment.NewLine, violations.Order()));
    }

    [TestMethod]
    [DataRow("Network")]
    [DataRow("Formats")]
    public void A_room_that_is_free_of_MLNET_stays_so(string room)
    {
        var violations =
            from type in Ours(Graph.Keys)
            where Room(type) == $"{Root}.{room}"
            from other in Graph[type]
            where other.Namespace.StartsWith("Microsoft.ML", StringComparison.Ordinal)
            select $"{type.FullName} knows {other.FullName}";

        Assert.AreEqual("", string.Join(Environment.NewLine, violations.Order()));
    }

    [TestMethod]
    public void The_loaders_are_known_to_the_face_alone()
    {
        const string Loading = $"{Root}.Data.Loading";
        var violations =
            from type in Ours(Graph.Keys)
            where type.Namespace is not (Root or Loading)
            from other in Graph[type]
            where other.Namespace == Loading
            select $"{type.FullName} knows {other.FullName}";

        Assert.AreEqual("", string.Join(Environment.NewLine, violations.Order()));
    }

    [TestMethod]
    public void Every_room_is_in_the_list_and_every_room_of_the_list_exists() =>
        CollectionAssert.AreEquivalent(Layers.SelectMany(layer => layer).ToArray(), Ours(Graph.Keys).Select(Room).Distinct().ToArray());

    [TestMethod]
    public void Every_public_type_is_where_a_user_looks_first() =>
        Assert.AreEqual(
            "", string.Join(", ", Ours(Graph.Keys).Where(type => type.IsPublic && type.Namespace != Root).Select(type => type.FullName)));

    // What compilers and generators add is in no room of ours.
    private static IEnumerable<TypeDefinition> Ours(IEnumerable<TypeDefinition> types) =>
        types.Where(type => type.Namespace == Root || type.Namespace.StartsWith($"{Root}.", StringComparison.Ordinal));

    private static string Room(TypeDefinition type) =>
        type.Namespace == Fitting ? Root : string.Join('.', type.Namespace.Split('.').Take(2));

    private static int Layer(TypeDefinition type) => Array.FindIndex(Layers, layer => layer.Contains(Room(type)));

    // The words that everybody may use: public types that are made of nothing of ours but other such words.
    private static HashSet<TypeDefinition> FindVocabulary()
    {
        var words = Ours(Graph.Keys).Where(type => type.IsPublic && type.Namespace == Root).ToHashSet();
        while (words.RemoveWhere(word =>
            Graph[word].OfType<TypeDefinition>().Any(other => other != word && Ours([other]).Any() && !words.Contains(other))) > 0)
        {
        }

        return words;
    }

    // Lines such as "2. `Scoring`, `Training`: ..."; the face has the root's name.
    private static string[][] ReadLayers([CallerFilePath] string file = "")
    {
        var document = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "docs", "ARCHITECTURE.md"));
        return
        [
            .. document.Select(line => Regex.Match(line, @"^\d+\. (?<rooms>`\w+`(, `\w+`)*):"))
                .Where(match => match.Success)
                .Select(match => match.Groups["rooms"].Value.Split(", ")
                    .Select(room => room.Trim('`'))
                    .Select(room => room == Root ? Root : $"{Root}.{room}")
                    .ToArray()),
        ];
    }
}
