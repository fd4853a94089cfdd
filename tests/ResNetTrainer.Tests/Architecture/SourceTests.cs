using System.Runtime.CompilerServices;

namespace ResNetMLNet.Tests.Architecture;

/// <summary>What no compiler checks of the source.</summary>
[TestClass]
public class SourceTests
{
    [TestMethod]
    public void No_line_of_code_is_longer_than_140_columns() => AssertNone(Sources("src", "tests")
        .SelectMany(file => File.ReadLines(file).Select((line, index) => (line, At: $"{file}:{index + 1}")))
        .Where(entry => entry.line.Length > 140)
        .Select(entry => entry.At));

    [TestMethod]
    public void No_file_of_the_library_or_the_sample_is_longer_than_250_lines() =>
        AssertNone(Sources("src").Where(file => File.ReadLines(file).Count() > 250));

    [TestMethod]
    public void A_file_of_the_library_lies_where_its_namespace_says() => AssertNone(Sources("src/ResNetTrainer")
        .Where(file => Path.GetFileName(file) != "IgnoresAccessChecksTo.cs") // The runtime knows it by a namespace of its own.
        .Where(file => !File.ReadLines(file).Contains($"namespace {NamespaceOf(file)};")));

    // The word of the field is image.
    [TestMethod]
    public void An_image_is_an_image() => AssertNone(Sources("src").Concat(Directory.GetFiles(Path.Combine(Repository(), "docs"), "*.md"))
        .Append(Path.Combine(Repository(), "README.md"))
        .Where(file => Path.GetFileName(file) != "CheckpointFile.cs") // It reads the old word in files of version 1.
        .Where(file => File.ReadAllText(file).Contains("pict" + "ure", StringComparison.OrdinalIgnoreCase)));

    private static string NamespaceOf(string file)
    {
        var folder = Path.GetRelativePath(Path.Combine(Repository(), "src", "ResNetTrainer"), Path.GetDirectoryName(file)!);
        return folder == "." ? "ResNetMLNet" : $"ResNetMLNet.{folder.Replace(Path.DirectorySeparatorChar, '.')}";
    }

    private static void AssertNone(IEnumerable<string> places) => Assert.AreEqual("", string.Join(Environment.NewLine, places));

    private static IEnumerable<string> Sources(params string[] folders) => folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository(), folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    private static string Repository([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
