using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace ResNetMLNet.Native;

/// <summary>Chooses what convolutions compute in by asking the hardware what it has natively.</summary>
internal static class PrecisionSelector
{
    public static torch.ScalarType Select(ComputePrecision precision, torch.Device device) => precision switch
    {
        ComputePrecision.Float32 => torch.ScalarType.Float32,
        ComputePrecision.BFloat16 => torch.ScalarType.BFloat16,
        _ => IsNative(device) ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32,
    };

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
