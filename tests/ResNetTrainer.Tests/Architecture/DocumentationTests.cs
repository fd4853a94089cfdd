using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.ML;

namespace ResNetMLNet.Tests.Architecture;

/// <summary>What README and docs show compiles, and what they link to is there.</summary>
[TestClass]
public partial class DocumentationTests
{
    // What stands before the first line of what a reader is shown.
    private const string Before = """
        using System;
        using System.Collections.Generic;
        using System.IO;
        using System.Linq;
        using System.Threading;
        using Microsoft.ML;
        using ResNetMLNet;
        using static Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator;
        var ml = new MLContext(seed: 0);
        IDataView train = null, test = null;
        ResNetTransformer transformer = null;
        """;

    public static IEnumerable<object[]> Files => Directory.GetFiles(Path.Combine(Repository(), "docs"), "*.md")
        .Append(Path.Combine(Repository(), "README.md")).Select(file => (object[])[Path.GetRelativePath(Repository(), file)]);

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Its_code_compiles(string file)
    {
        var options = ScriptOptions.Default.WithReferences(
            AppDomain.CurrentDomain.GetAssemblies().Where(assembly => !assembly.IsDynamic && assembly.Location.Length > 0)
                .Append(typeof(ResNetTrainer).Assembly).Append(typeof(PretrainedWeights).Assembly).Append(typeof(MLContext).Assembly)
                .Append(typeof(ImageEstimatorsCatalog).Assembly).Distinct());
        var script = CSharpScript.Create(Before, options);
        foreach (var code in Code().Matches(File.ReadAllText(Path.Combine(Repository(), file))).Select(match => match.Groups[1].Value))
        {
            // As a program: there types come last, which scripts do not mind.
            var wrong = CSharpSyntaxTree.ParseText(code).GetDiagnostics().Where(each => each.Severity == DiagnosticSeverity.Error);
            Assert.AreEqual("", string.Join(Environment.NewLine, wrong), code);

            // Scripts know no using declarations.
            script = script.ContinueWith(code.Replace("using var ", "var ", StringComparison.Ordinal));
            var errors = script.Compile().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
            Assert.AreEqual("", string.Join(Environment.NewLine, errors), code);
        }
    }

    [TestMethod]
    [DataRow(typeof(ResNetTrainer.Options))]
    [DataRow(typeof(CheckpointOptions))]
    [DataRow(typeof(EarlyStopping))]
    [DataRow(typeof(ResNetFeaturesEstimator.Options))]
    [DataRow(typeof(HeatMapOptions))]
    [DataRow(typeof(OnnxExportOptions))]
    public void Every_option_is_on_the_page_of_options(Type options)
    {
        var page = File.ReadAllText(Path.Combine(Repository(), "docs", "OPTIONS.md"));

        var missing = options.GetProperties().Select(option => option.Name).Where(name => !page.Contains($"`{name}`"));

        Assert.AreEqual("", string.Join(", ", missing));
    }

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void What_it_links_to_is_there(string file)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository(), file))!;
        foreach (Match link in Link().Matches(File.ReadAllText(Path.Combine(Repository(), file))))
        {
            var (target, heading) = (link.Groups[1].Value, link.Groups[2].Value);
            var path = target.Length > 0 ? Path.Combine(folder, target) : Path.Combine(Repository(), file);
            Assert.IsTrue(Path.Exists(path), $"{file} links to {target}");
            if (heading.Length > 0)
            {
                CollectionAssert.Contains(Headings(path), heading, $"{file} links to {target}#{heading}");
            }
        }
    }

    // As the addresses of a page's parts are made of its headings.
    private static string[] Headings(string path) =>
    [
        .. Heading().Matches(Code().Replace(File.ReadAllText(path), "")).Select(match => NoPartOfAddress()
            .Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-')),
    ];

    [TestMethod]
    [DataRow("TROUBLESHOOTING.md")]
    [DataRow("GPU.md")]
    public void The_messages_that_it_explains_are_said(string file)
    {
        // As they are put together: texts that go on in the next line, with what is filled in left out.
        var code = string.Concat(Directory.EnumerateFiles(Path.Combine(Repository(), "src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(File.ReadAllText));
        var said = Filled().Replace(Continued().Replace(code, ""), "...");
        var messages = Message().Matches(File.ReadAllText(Path.Combine(Repository(), "docs", file)))
            .Select(match => match.Groups[1].Value).ToArray();

        Assert.IsNotEmpty(messages);
        foreach (var part in messages.SelectMany(message => Value().Split(message)).Select(part => part.Trim(' ', '\'')))
        {
            Assert.IsTrue(said.Contains(part, StringComparison.Ordinal), part);
        }
    }

    [GeneratedRegex(@"^\| \*([^*]+)\*", RegexOptions.Multiline)]
    private static partial Regex Message();

    [GeneratedRegex(@"\.\.\.|`[^`]*`")]
    private static partial Regex Value();

    [GeneratedRegex(@"""\s*\+\s*\$?""")]
    private static partial Regex Continued();

    [GeneratedRegex(@"\{[^{}""]*\}")]
    private static partial Regex Filled();

    [GeneratedRegex(@"^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoPartOfAddress();

    private static string Repository([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
