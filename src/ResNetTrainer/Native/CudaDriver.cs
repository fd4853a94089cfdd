using System.Runtime.InteropServices;

namespace ResNetMLNet.Native;

/// <summary>NVIDIA's driver, for the questions that TorchSharp does not answer.</summary>
internal static class CudaDriver
{
    private const int Major = 75;
    private const int Minor = 76;

    /// <summary>The compute capability of a GPU; (0, 0) where the driver does not say it.</summary>
    public static (int Major, int Minor) ComputeCapability(int index) =>
        Find(index) is var (driver, device)
        && Function<GetAttribute>(driver, "cuDeviceGetAttribute") is { } getAttribute
        && getAttribute(out var major, Major, device) == 0
        && getAttribute(out var minor, Minor, device) == 0
            ? (major, minor)
            : (0, 0);

    /// <summary>The bytes of memory that a GPU has; no limit where the driver does not say it.</summary>
    public static long Memory(int index) =>
        Find(index) is var (driver, device)
        && Function<GetTotalMemory>(driver, "cuDeviceTotalMem_v2") is { } getTotal
        && getTotal(out var bytes, device) == 0
            ? (long)bytes
            : long.MaxValue;

    // The library stays loaded: TorchSharp uses it too.
    private static (nint Driver, int Device)? Find(int index) =>
        NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out var driver)
        && Function<Init>(driver, "cuInit") is { } init
        && init(0) == 0
        && Function<Get>(driver, "cuDeviceGet") is { } get
        && get(out var device, index) == 0
            ? (driver, device)
            : null;

    private static T? Function<T>(nint driver, string name)
        where T : Delegate =>
        NativeLibrary.TryGetExport(driver, name, out var address) ? Marshal.GetDelegateForFunctionPointer<T>(address) : null;

    private delegate int Init(uint flags);

    private delegate int Get(out int device, int ordinal);

    private delegate int GetAttribute(out int value, int attribute, int device);

    private delegate int GetTotalMemory(out nuint bytes, int device);
}
