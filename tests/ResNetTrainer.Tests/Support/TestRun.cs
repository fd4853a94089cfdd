using ResNetMLNet.Native;

namespace ResNetMLNet.Tests.Support;

/// <summary>What every run of tests begins with, whichever tests it is of.</summary>
[TestClass]
public static class TestRun
{
    // A test that calls TorchSharp before anything of the library has would leave the process without it.
    [AssemblyInitialize]
    public static void LoadTorch(TestContext context) => TorchRuntime.EnsureLoaded();
}
