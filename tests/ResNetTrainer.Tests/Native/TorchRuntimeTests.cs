using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using ResNetMLNet.Native;
using ResNetMLNet.Tests.Support;
using static TorchSharp.torch;

namespace ResNetMLNet.Tests.Native;

[TestClass]
public class TorchRuntimeTests
{
    [TestMethod]
    public void After_loading_a_convolution_can_be_trained() => LoadAndTrain();

    [TestMethod]
    public void Errors_of_the_native_side_arrive_as_exceptions()
    {
        TorchRuntime.EnsureLoaded();
        using var scope = NewDisposeScope();

        Assert.Throws<Exception>(() => ones(2, 3) + ones(4));
    }

    [TestMethod]
    public void It_works_in_the_load_context_of_a_plugin() => LoadAndTrainIn(new PluginContext(throws: false));

    [TestMethod]
    public void A_load_context_that_throws_is_named_in_the_error()
    {
        Exception? error = null;
        try
        {
            LoadAndTrainIn(new PluginContext(throws: true));
        }
        catch (TargetInvocationException e)
        {
            error = e.InnerException is AggregateException ofAll ? ofAll.InnerExceptions[0] : e.InnerException;
        }

        // Where the original library loads, the context has no reason to throw.
        if (NativeLibrary.TryLoad(NativeFiles.Find("LibTorchSharp")!, out _))
        {
            Assert.IsNull(error, $"{error}");
        }
        else
        {
            Assert.IsNotNull(error);
            Assert.IsInstanceOfType<DllNotFoundException>(error);
            Assert.Contains("\"plugin\"", error.Message);
            Assert.Contains("LoadUnmanagedDll", error.Message);
        }
    }

    [TestMethod]
    public void A_missing_package_is_named()
    {
        var message = TorchRuntime.Missing("libtorch.so").Message;

        string[] words =
            ["libtorch.so", "TorchSharp-cpu", "TorchSharp-cuda-windows", "TorchSharp-cuda-linux", "Microsoft.ML.OnnxRuntime"];
        foreach (var word in words)
        {
            Assert.Contains(word, message);
        }
    }

    [TestMethod]
    public void An_unsupported_platform_is_told_the_supported_ones()
    {
        var message = TorchRuntime.Unsupported("linux-arm64").Message;

        foreach (var platform in (string[])
            ["linux-arm64", "linux-x64", "win-x64", "win-arm64 (CPU)", "osx-arm64 (CPU)", "Microsoft.ML.OnnxRuntime"])
        {
            Assert.Contains(platform, message);
        }
    }

    [TestMethod]
    [DataRow("advice\n/x/lib.so: /lib/libc.so.6: version `GLIBC_2.34' not found (required by /x/lib.so)\n", "Linux is too old")]
    [DataRow("advice\n/x/lib.so: file too short\n", "restore and build again")]
    [DataRow("advice\nlibtorch_cpu.so: failed to map segment from shared object\n", "not enough memory")]
    [DataRow("advice\n/x/lib.so: cannot create shared object descriptor: Cannot allocate memory\n", "ulimit -v")]
    [DataRow("advice\nThe paging file is too small for this operation to complete. (0x800705AF)\n", "on Windows the paging file")]
    [DataRow("advice\nLibrary not loaded: /opt/homebrew/opt/libomp/lib/libomp.dylib\n", "brew install libomp")]
    [DataRow("advice\n/proc/self/fd/9: undefined symbol: _ZN3c105ErrorC2E\n", "TorchSharp-cpu")]
    [DataRow("advice\n/proc/self/fd/9: undefined symbol: _ZN3c105ErrorC2E\n", "Microsoft.ML.OnnxRuntime")]
    public void A_library_that_does_not_load_is_told_why(string cause, string remedy)
    {
        var inner = new DllNotFoundException(cause);

        var error = TorchRuntime.Unloadable("/x/lib.so", inner);

        Assert.Contains(remedy, error.Message);
        Assert.Contains(cause.Split('\n')[1], error.Message);
        Assert.DoesNotContain("advice", error.Message);
        Assert.AreSame(inner, error.InnerException);
    }

    [TestMethod]
    public void No_memory_for_the_library_is_told()
    {
        var message = TorchRuntime.Unloadable("/x/lib.so", new OutOfMemoryException("Out.")).Message;

        Assert.Contains("not enough memory", message);
        Assert.DoesNotContain("damaged", message);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Where_memory_is_limited_training_says_so()
    {
        var sample = typeof(ResNetMLNet.Sample.Images.FashionMnistDownload).Assembly.Location;
        var output = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        const string Command = "ulimit -v 1800000; exec dotnet \"$0\" train --device cpu --epochs 1 --out \"$1\"";
        var run = Programs.Run(new("/bin/sh", ["-c", Command, sample, output])
        {
            Environment = { ["DOTNET_GCHeapHardLimit"] = "0x8000000" },
        });

        Assert.Contains("not enough memory", run.Error);
        Assert.Contains("ulimit -v", run.Error);
    }

    private static void LoadAndTrain()
    {
        // From many threads at once; in the context of a plugin it is the first time.
        Parallel.For(0, 16, _ => TorchRuntime.EnsureLoaded());

        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var input = rand([8, 1, 6, 6], generator: generator);
        using var layer = nn.Conv2d(1, 4, 3);
        using var optimizer = optim.SGD(layer.parameters(), 0.1);
        var losses = new float[10];
        for (var step = 0; step < losses.Length; step++)
        {
            optimizer.zero_grad();
            var loss = (layer.forward(input) - 1).square().mean();
            loss.backward();
            optimizer.step();
            losses[step] = loss.item<float>();
        }

        Assert.IsLessThan(losses[0], losses[^1]);
    }

    private static void LoadAndTrainIn(PluginContext context) =>
        context.LoadFromAssemblyPath(typeof(TorchRuntimeTests).Assembly.Location)
            .GetType(typeof(TorchRuntimeTests).FullName!, throwOnError: true)!
            .GetMethod(nameof(LoadAndTrain), BindingFlags.NonPublic | BindingFlags.Static)!
            .Invoke(null, null);

    /// <summary>A plugin host as in .NET's documentation; the one shown there throws when a native library does not load.</summary>
    private sealed class PluginContext(bool throws) : AssemblyLoadContext("plugin")
    {
        private readonly AssemblyDependencyResolver _resolver = new(typeof(TorchRuntimeTests).Assembly.Location);

        protected override Assembly? Load(AssemblyName name) =>
            name.Name != typeof(Assert).Assembly.GetName().Name && _resolver.ResolveAssemblyToPath(name) is { } path
                ? LoadFromAssemblyPath(path)
                : null;

        protected override nint LoadUnmanagedDll(string name)
        {
            try
            {
                return _resolver.ResolveUnmanagedDllToPath(name) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
            }
            catch (DllNotFoundException) when (!throws)
            {
                return 0;
            }
        }
    }
}
