using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.ML;
using ResNetMLNet.Native;
using ResNetMLNet.Scoring.Engines;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Native;

/// <summary>A program that only scores, in a process of its own: what ONNX Runtime does there beside scoring.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public sealed class OnnxRuntimeLibraryTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("resnet-home-");

    public void Dispose() => _folder.Delete(recursive: true);

    [TestMethod]
    public void Scoring_leaves_nothing_in_the_users_cache()
    {
        var (status, _, error) = Score("exec dotnet \"$@\"");

        Assert.AreEqual(0, status, error);
        Assert.IsFalse(Directory.Exists(Telemetry));
    }

    [TestMethod]
    public void Who_wants_the_telemetry_leaves_it_on()
    {
        var (status, _, error) = Score("exec dotnet \"$@\"", ("ORT_DISABLE_TELEMETRY", "0"));

        Assert.AreEqual(0, status, error);
        Assert.IsTrue(Directory.Exists(Telemetry));
    }

    [TestMethod]
    public void A_home_that_cannot_be_written_is_nothing_to_warn_about()
    {
        var (status, _, error) = Score("exec dotnet \"$@\"", ("HOME", "/proc/none"));

        Assert.AreEqual(0, status, error);
        Assert.AreEqual("", error);
    }

    [TestMethod]
    public void Where_memory_is_limited_scoring_says_so()
    {
        var (status, _, error) = Score("ulimit -v 1100000; exec dotnet \"$@\"", ("DOTNET_GCHeapHardLimit", "0x4000000"));

        Assert.AreNotEqual(0, status);
        Assert.Contains("not enough memory", error);
        Assert.DoesNotContain("among the application's files", error);
    }

    [TestMethod]
    public void Where_it_is_there_and_cannot_be_loaded_the_error_says_so()
    {
        var program = Path.GetDirectoryName(Programs.PathOf("tests", "Consumer"))!;
        foreach (var file in Directory.EnumerateFiles(program).Concat(
            Directory.EnumerateFiles(Path.Combine(program, "runtimes", "linux-x64"), "*", SearchOption.AllDirectories)))
        {
            var copy = Path.Combine(_folder.FullName, Path.GetRelativePath(program, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var library = Directory.GetFiles(_folder.FullName, "libonnxruntime.so", SearchOption.AllDirectories).Single();
        File.WriteAllText(library, "cut off");

        var (status, _, error) = Score("exec dotnet \"$@\"", Path.Combine(_folder.FullName, "Consumer.dll"));

        Assert.AreNotEqual(0, status);
        Assert.Contains($"The native library '{library}' is there, but it cannot be loaded", error);
        Assert.Contains("file too short", error);
        Assert.DoesNotContain("is older", error);
    }

    [TestMethod]
    public void Where_memory_was_short_for_a_moment_it_is_asked_for_again()
    {
        var library = new ShortOfMemory().LoadFromAssemblyPath(typeof(OnnxRuntimeLibrary).Assembly.Location)
            .GetType(typeof(OnnxRuntimeLibrary).FullName!, throwOnError: true)!;
        object? IsUsable() => library.GetProperty(nameof(OnnxRuntimeLibrary.IsUsable))!.GetValue(null);

        var error = (DllNotFoundException)Assert.ThrowsExactly<TargetInvocationException>(() => IsUsable()).InnerException!;

        Assert.Contains("not enough memory", error.Message);
        Assert.IsTrue((bool)IsUsable()!);
    }

    [TestMethod]
    public void The_version_that_errors_name_is_that_of_the_managed_part() => StringAssert.StartsWith(
        FileVersionInfo.GetVersionInfo(typeof(Microsoft.ML.OnnxRuntime.InferenceSession).Assembly.Location).FileVersion,
        OnnxRuntimeLibrary.LeastVersion);

    [TestMethod]
    public void It_takes_as_many_threads_as_NET_says_there_are_processors()
    {
        using var options = OnnxScorer.Options();

        Assert.AreEqual(Environment.ProcessorCount, options.IntraOpNumThreads);
    }

    private string Telemetry => Path.Combine(_folder.FullName, ".cache", "Microsoft");

    private ProgramRun Score(string command, params (string Name, string Value)[] variables) =>
        Score(command, Programs.PathOf("tests", "Consumer"), variables);

    private ProgramRun Score(string command, string consumer, params (string Name, string Value)[] variables)
    {
        var ml = new MLContext();
        var images = Path.Combine(_folder.FullName, "images.bin");
        using (var stream = File.Create(images))
        {
            ml.Data.SaveAsBinary(Images.Unlabelled(4), stream);
        }

        var model = Path.Combine(AppContext.BaseDirectory, "Fixtures", "version-1", "model.zip");
        var start = new ProcessStartInfo("/bin/sh", ["-c", command, "sh", consumer, model, images])
        {
            Environment = { ["HOME"] = _folder.FullName },
        };

        // Where it takes itself to be on a build machine, ONNX Runtime keeps its telemetry off by itself.
        foreach (var name in (string[])["CI", "TF_BUILD", "GITHUB_ACTIONS"])
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return Programs.Run(start);
    }

    /// <summary>A plugin host that has no memory for ONNX Runtime when it is first asked for it.</summary>
    private sealed class ShortOfMemory() : AssemblyLoadContext("plugin")
    {
        private readonly AssemblyDependencyResolver _resolver = new(typeof(OnnxRuntimeLibraryTests).Assembly.Location);
        private bool _wasAsked;

        protected override Assembly? Load(AssemblyName name) =>
            _resolver.ResolveAssemblyToPath(name) is { } path ? LoadFromAssemblyPath(path) : null;

        protected override nint LoadUnmanagedDll(string name)
        {
            if (name == "onnxruntime" && !_wasAsked)
            {
                _wasAsked = true;
                throw new DllNotFoundException("Cannot allocate memory");
            }

            return _resolver.ResolveUnmanagedDllToPath(name) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
        }
    }
}
