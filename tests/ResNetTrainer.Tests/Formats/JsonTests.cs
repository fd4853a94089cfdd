using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Security;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Formats;

/// <summary>Applications that are trimmed have no JSON by reflection (JsonSerializerIsReflectionEnabledByDefault is false).</summary>
[TestClass]
public class JsonTests
{
    [TestMethod]
    public void Models_are_saved_and_loaded_without_reflection()
    {
        var folder = Directory.CreateTempSubdirectory("resnet-json-").FullName;
        try
        {
            var (model, again) = (Path.Combine(folder, "model.zip"), Path.Combine(folder, "again.zip"));
            var images = Path.Combine(folder, "images.bin");
            File.WriteAllBytes(model, SavedZip.Bytes);
            using (var file = File.Create(images))
            {
                new MLContext().Data.SaveAsBinary(Images.Labelled(3), file);
            }

            var output = RunConsumer(folder, model, images, again);

            Assert.Contains("JSON by reflection: False", output);
            Assert.AreSequenceEqual(
                SavedZip.Entry(File.ReadAllBytes(model), SavedZip.Header), SavedZip.Entry(File.ReadAllBytes(again), SavedZip.Header));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Checkpoints and what else a test does not come by: .NET marks each member that needs reflection.
    [TestMethod]
    public void No_member_is_called_that_reads_or_writes_JSON_by_reflection()
    {
        var module = typeof(ResNetTrainer).Module;
        var called = MethodsOf(module).Where(method => method.DeclaringType?.Assembly == typeof(JsonSerializer).Assembly).ToArray();

        Assert.Contains(nameof(JsonSerializer.Deserialize), called.Select(method => method.Name).ToArray());
        Assert.AreEqual("", string.Join(", ", called.Where(method => method.IsDefined(typeof(RequiresUnreferencedCodeAttribute)))));
    }

    // What the metadata of a module refers to: methods of other assemblies (0x0A), and generic methods with their arguments (0x2B).
    private static IEnumerable<MethodBase> MethodsOf(Module module)
    {
        foreach (var table in (int[])[0x0A, 0x2B])
        {
            for (var row = 1; TryResolve(module, (table << 24) | row, out var member); row++)
            {
                if (member is MethodBase method)
                {
                    yield return method;
                }
            }
        }
    }

    private static bool TryResolve(Module module, int token, out MemberInfo? member)
    {
        try
        {
            // Members of generic types want to know their arguments; any will do here.
            var any = Enumerable.Repeat(typeof(int), 4).ToArray();
            member = module.ResolveMember(token, any, any);
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            member = null;
            return false;
        }
        catch (Exception e) when (e is ArgumentException or BadImageFormatException or TypeLoadException or MissingMemberException
            or VerificationException)
        {
            member = null;
            return true;
        }
    }

    private static string RunConsumer(string folder, params string[] arguments)
    {
        var program = Programs.PathOf("tests", "Consumer");
        var settings = JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(program, ".runtimeconfig.json")))!;
        settings["runtimeOptions"]!["configProperties"]!["System.Text.Json.JsonSerializer.IsReflectionEnabledByDefault"] = false;
        var runtime = Path.Combine(folder, "runtimeconfig.json");
        File.WriteAllText(runtime, settings.ToJsonString());
        return Programs.Run(new("dotnet", ["exec", "--runtimeconfig", runtime, program, .. arguments])).Succeeded();
    }
}
