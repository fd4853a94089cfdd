using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>Chooses what convolutions compute in by asking the hardware what it has natively.</summary>
internal static class PrecisionSelector
{
    public static torch.ScalarType Select(ComputePrecision precision, torch.Device device)
    {
        if (device.type == DeviceType.CUDA)
        {
            // Products of float32 with 10 bits of precision where nobody asked for all of them (NVIDIA's TF32).
            torch.backends.cuda.matmul.allow_tf32 = precision != ComputePrecision.Float32;
            torch.backends.cudnn.allow_tf32 = precision != ComputePrecision.Float32;
        }

        return precision switch
        {
            ComputePrecision.Float32 => torch.ScalarType.Float32,
            ComputePrecision.BFloat16 => torch.ScalarType.BFloat16,
            _ => IsNative(device) ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32,
        };
    }

    private static bool IsNative(torch.Device device) =>
        device.type == DeviceType.CUDA ? CudaDriver.ComputeCapability(device.index).Major >= 8 : CpuHasBFloat16();

    private static bool CpuHasBFloat16()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
        {
            return false;
        }

        // Intel SDM, CPUID leaf 7: sub-leaf 0, EDX bit 22 is AMX-BF16; sub-leaf 1, EAX bit 5 is AVX512_BF16. The
        // processor may have what the operating system does not let it use, so AVX-512 itself is asked for too.
        var amx = (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0;
        var avx512 = X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;
        return Avx512F.IsSupported && (avx512 || amx);
    }
}

/// <summary>NVIDIA's driver, for the one question that TorchSharp does not answer.</summary>
internal static class CudaDriver
{
    private const int Major = 75;
    private const int Minor = 76;

    /// <summary>The compute capability of a GPU; (0, 0) where the driver does not say it.</summary>
    public static (int Major, int Minor) ComputeCapability(int index)
    {
        var name = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!NativeLibrary.TryLoad(name, out var driver)
            || !NativeLibrary.TryGetExport(driver, "cuInit", out var init)
            || !NativeLibrary.TryGetExport(driver, "cuDeviceGet", out var get)
            || !NativeLibrary.TryGetExport(driver, "cuDeviceGetAttribute", out var attribute))
        {
            return (0, 0);
        }

        // The library stays loaded: TorchSharp uses it too.
        var getAttribute = Marshal.GetDelegateForFunctionPointer<GetAttribute>(attribute);
        return Marshal.GetDelegateForFunctionPointer<Init>(init)(0) == 0
            && Marshal.GetDelegateForFunctionPointer<Get>(get)(out var device, index) == 0
            && getAttribute(out var major, Major, device) == 0
            && getAttribute(out var minor, Minor, device) == 0
            ? (major, minor)
            : (0, 0);
    }

    private delegate int Init(uint flags);

    private delegate int Get(out int device, int ordinal);

    private delegate int GetAttribute(out int value, int attribute, int device);
}
