using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests;

/// <summary>The packages, as those who install them have them: packed, restored into a new project, run.</summary>
[TestClass]
[TestCategory("Packages")]
public sealed class PackingTests
{
    private static readonly string _folder = Directory.CreateTempSubdirectory("resnet-packages-").FullName;
    private static readonly string _version = $"0.0.0-test.{DateTime.UtcNow.Ticks}";

    private static string Feed => Path.Combine(_folder, "feed");

    [ClassInitialize]
    public static void Pack(TestContext context)
    {
        // Their own artifacts: nothing that others build is touched.
        foreach (var project in (string[])["ResNetTrainer", "ResNetTrainer.Pretrained"])
        {
            Dotnet(
                Repository(), "pack", Path.Combine("src", project), "-c", "Release", "-o", Feed, "--artifacts-path",
                Path.Combine(_folder, "artifacts"), $"-p:MinVerVersionOverride={_version}", "-p:ContinuousIntegrationBuild=true");
        }
    }

    [ClassCleanup]
    public static void CleanUp()
    {
        Directory.Delete(_folder, recursive: true);
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (var package in (string[])["resnetmlnet", "resnetmlnet.pretrained", "resnetmlnet.tool"])
        {
            var restored = Path.Combine(cache, package, _version);
            if (Directory.Exists(restored))
            {
                Directory.Delete(restored, recursive: true);
            }
        }
    }

    [TestMethod]
    [DataRow("ResNetMLNet", 2_000_000)]
    [DataRow("ResNetMLNet.Pretrained", 1_000_000)]
    public void A_package_has_what_a_gallery_shows_and_nothing_else(string name, int mostBytes)
    {
        var file = Path.Combine(Feed, $"{name}.{_version}.nupkg");
        using var zip = ZipFile.OpenRead(file);
        var files = zip.Entries.Select(entry => entry.FullName).ToArray();
        foreach (var needed in (string[])["README.md", "icon.png", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml"])
        {
            Assert.Contains(needed, files);
        }

        Assert.IsLessThan(mostBytes, new FileInfo(file).Length);
        Assert.IsTrue(File.Exists(Path.ChangeExtension(file, "snupkg")));
        using var specification = zip.GetEntry($"{name}.nuspec")!.Open();
        var metadata = XDocument.Load(specification).Root!.Elements().Single();
        string Text(string element) => metadata.Elements().Single(each => each.Name.LocalName == element).Value;
        Assert.AreEqual("MIT", Text("license"));
        Assert.AreEqual(_version, Text("version"));
        var dependencies = metadata.Descendants().Where(each => each.Name.LocalName == "dependency")
            .Select(each => each.Attribute("id")!.Value).ToArray();
        Assert.Contains("Microsoft.ML", dependencies);
        Assert.DoesNotContain("MinVer", dependencies);

        // Which native library there is, is the application's choice.
        Assert.IsFalse(dependencies.Any(id => id.StartsWith("TorchSharp-", StringComparison.Ordinal)));
        Assert.IsFalse(dependencies.Any(id => id.StartsWith("libtorch", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_new_project_trains_saves_and_predicts_in_another_process()
    {
        var project = Path.Combine(_folder, "new");
        Directory.CreateDirectory(project);
        File.WriteAllText(Path.Combine(project, "NuGet.config"), $"""
            <configuration><packageSources><add key="packed" value="{Feed}" /></packageSources></configuration>
            """);

        // Of TorchSharp-cpu, what this machine needs: the whole is 1.4 GB.
        File.WriteAllText(Path.Combine(project, "new.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="ResNetMLNet.Pretrained" Version="{_version}" />
                <PackageReference Include="libtorch-cpu-{RuntimeInformation.RuntimeIdentifier}" Version="2.10.0" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(project, "Program.cs"), Program);
        Dotnet(project, "build", "-c", "Release");
        var program = Path.Combine(project, "bin", "Release", "net10.0", "new.dll");

        Dotnet(project, program, "train");

        Assert.Contains("12 predictions", Dotnet(project, program, "predict"));

        // Files of earlier versions name the assembly that reads them.
        var old = Path.Combine(Repository(), "tests", "ResNetTrainer.Tests", "Fixtures", "version-1", "model.zip");
        Assert.Contains("ResNetTransformer", Dotnet(project, program, "load", old));
        Assert.Contains("resnet-2-2-2-3", Dotnet(project, program, "start"));
    }

    [TestMethod]
    [TestCategory("Tool")]
    public void The_tool_is_installed_and_runs()
    {
        if (Environment.GetEnvironmentVariable("TOOL") is null)
        {
            Assert.Inconclusive("Set TOOL=1 to pack and install the tool, which takes two minutes and two gigabytes.");
        }

        var platform = RuntimeInformation.RuntimeIdentifier;
        Dotnet(
            Repository(), "pack", Path.Combine("src", "Sample"), "-c", "Release", "-o", Feed, "--artifacts-path",
            Path.Combine(_folder, "artifacts"), $"-p:MinVerVersionOverride={_version}", $"-p:ToolPackageRuntimeIdentifiers={platform}");
        Dotnet(_folder, "tool", "install", "ResNetMLNet.Tool", "--version", _version, "--tool-path", "tools", "--add-source", Feed);
        using var images = new TwoClassFolder(20);
        var tool = Path.Combine(_folder, "tools", "resnet");

        Run(tool, _folder, "train", "--images", images.Path, "--epochs", "1", "--image-size", "32");
        StringAssert.Contains(Run(tool, _folder, "predict", "--model", "out/model.zip", images.PathOf("cat", "image0.bmp")), "image0.bmp:");
        Assert.IsLessThan(250_000_000, new FileInfo(Path.Combine(Feed, $"ResNetMLNet.Tool.{platform}.{_version}.nupkg")).Length);
    }

    private const string Program = """
        using Microsoft.ML;
        using Microsoft.ML.Data;
        using ResNetMLNet;

        var ml = new MLContext(seed: 1);
        var columns = SchemaDefinition.Create(typeof(Row));
        columns["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 3, 32, 32);
        columns["Label"].ColumnType = new KeyDataViewType(typeof(uint), 2);
        var data = ml.Data.LoadFromEnumerable(
            Enumerable.Range(0, 12).Select(i => new Row
            {
                Label = (uint)i % 2,
                Pixels = Enumerable.Repeat((byte)(i % 2 * 200), 3 * 32 * 32).ToArray(),
            }),
            columns);
        var options = new ResNetTrainer.Options { FeatureColumnName = "Pixels", NumberOfEpochs = 1, ImageSize = 32 };
        switch (args[0])
        {
            case "train":
                options.Architecture = ResNetArchitecture.BookResNet18 with { Name = "tiny", Width = 4 };
                ml.Model.Save(ml.MulticlassClassification.Trainers.ResNet(options).Fit(data), data.Schema, "model.zip");
                break;
            case "predict":
                var scored = ml.Model.Load("model.zip", out _).Transform(data);
                Console.WriteLine($"{scored.GetColumn<uint>("PredictedLabel").Count(label => label > 0)} predictions");
                break;
            case "load":
                Console.WriteLine(ml.Model.Load(args[1], out _).GetType().Name);
                break;
            default:
                options.InitialWeights = PretrainedWeights.ImageNet;
                options.FrozenStages = 4;
                Console.WriteLine(ml.MulticlassClassification.Trainers.ResNet(options).Fit(data).Model.Architecture.Name);
                break;
        }

        class Row
        {
            public byte[] Pixels { get; set; } = [];

            public uint Label { get; set; }
        }
        """;

    private static string Dotnet(string folder, params string[] arguments) => Run("dotnet", folder, arguments);

    private static string Run(string program, string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder };

        // The test runner's own, which the SDK would take for its.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        return Programs.Run(start).Succeeded();
    }

    private static string Repository([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
