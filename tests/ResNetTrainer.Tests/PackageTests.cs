using System.Text.Json;

namespace ResNetMLNet.Tests;

/// <summary>
/// What the library asks of those who use it: versions that central pinning gives to this repository only are no help to others.
/// </summary>
[TestClass]
public class PackageTests
{
    private static readonly JsonElement Target = JsonDocument
        .Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "ResNetTrainer.Tests.deps.json")))
        .RootElement.GetProperty("targets").EnumerateObject().Single().Value;

    [TestMethod]
    public void Every_package_whose_assembly_the_library_uses_is_named_by_it()
    {
        var packages =
            from library in Target.EnumerateObject()
            where library.Value.TryGetProperty("runtime", out _)
            from file in library.Value.GetProperty("runtime").EnumerateObject()
            select (Assembly: Path.GetFileNameWithoutExtension(file.Name), Package: library.Name.Split('/')[0]);
        var packageOf = packages.GroupBy(each => each.Assembly).ToDictionary(group => group.Key, group => group.First().Package);

        var forgotten =
            from assembly in typeof(ResNetTrainer).Assembly.GetReferencedAssemblies()
            where packageOf.ContainsKey(assembly.Name!)
            let package = packageOf[assembly.Name!]
            // Microsoft.ML's own parts come with it, in its version.
            where !Named.ContainsKey(package) && !package.StartsWith("Microsoft.ML.", StringComparison.Ordinal)
            select package;

        Assert.AreEqual("", string.Join(", ", forgotten.Distinct()));
    }

    // ML.NET's MLImage calls what SkiaSharp 3 no longer has: that is to be said when packages are restored, not when an image is read.
    [TestMethod]
    public void SkiaSharp_is_named_since_its_next_version_does_not_do() => Assert.Contains("SkiaSharp", Named.Keys);

    private static Dictionary<string, string> Named => Target.EnumerateObject()
        .Single(library => library.Name.StartsWith("ResNetMLNet/", StringComparison.Ordinal))
        .Value.GetProperty("dependencies").EnumerateObject()
        .ToDictionary(dependency => dependency.Name, dependency => dependency.Value.GetString()!);
}
