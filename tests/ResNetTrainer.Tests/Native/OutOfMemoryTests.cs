using System.Runtime.InteropServices;
using ResNetMLNet.Native;

namespace ResNetMLNet.Tests.Native;

/// <summary>What libtorch says when memory has run out is told from its other errors, and says how much was asked for.</summary>
[TestClass]
public class OutOfMemoryTests
{
    [TestMethod]
    [DataRow("err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 134217728 bytes.", "128 MiB")]
    [DataRow("data. DefaultCPUAllocator: not enough memory: you tried to allocate 134217728 bytes.", "128 MiB")]
    [DataRow("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.19 GiB", "20.00 GiB")]
    [DataRow("CUDA error: out of memory", "the GPU")]
    public void What_was_asked_for_is_said(string message, string words)
    {
        Assert.IsTrue(OutOfMemory.Explains(new InvalidOperationException("outer", new ExternalException(message)), out var request));
        Assert.Contains(words, request);
    }

    [TestMethod]
    public void Other_errors_are_not_about_memory()
    {
        Assert.IsFalse(OutOfMemory.Explains(new ExternalException("The size of tensor a (3) must match the size of tensor b (4)"), out _));
        Assert.IsFalse(OutOfMemory.Explains(new InvalidOperationException("out of memory"), out _));
        Assert.IsTrue(OutOfMemory.Explains(new OutOfMemoryException(), out _));
    }
}
