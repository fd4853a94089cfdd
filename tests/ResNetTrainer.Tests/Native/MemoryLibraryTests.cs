using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ResNetMLNet.Native;

namespace ResNetMLNet.Tests.Native;

[TestClass]
[OSCondition(OperatingSystems.Linux)]
[SupportedOSPlatform("linux")]
public class MemoryLibraryTests
{
    [TestMethod]
    public void A_library_in_memory_is_loaded_without_a_file_on_disk()
    {
        TorchRuntime.EnsureLoaded();
        var file = Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).First();

        var library = MemoryLibrary.Load("mended", ElfMender.Mend(File.ReadAllBytes(file)));

        Assert.IsTrue(NativeLibrary.TryGetExport(library, "THSTensor_ones", out _));
        Assert.Contains("/memfd:mended", File.ReadAllText("/proc/self/maps"));
    }

    [TestMethod]
    public void Each_library_in_memory_is_its_own()
    {
        var file = Directory.EnumerateFiles(AppContext.BaseDirectory, "libHarfBuzzSharp.so", SearchOption.AllDirectories).First();
        var one = MemoryLibrary.Load("one", File.ReadAllBytes(file));

        Assert.AreNotEqual(one, MemoryLibrary.Load("other", File.ReadAllBytes(file)));
    }

    [TestMethod]
    public void What_is_no_library_is_refused_by_the_loader() =>
        Assert.ThrowsExactly<DllNotFoundException>(() => MemoryLibrary.Load("nothing", new byte[10_000]));
}
