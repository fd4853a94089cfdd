using System.Runtime.CompilerServices;
using ResNetMLNet.Native;
using static ResNetMLNet.Network.Convolutions.Winograd.MatrixProducts;
using static TorchSharp.torch;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>
/// Between kernels of 3x3 and <see cref="Planes"/>, whose channels are the outputs, and whose rows are the inputs.
/// </summary>
internal static class KernelTransforms
{
    /// <summary>The side of a kernel.</summary>
    public const int Side = 3;

    /// <summary>GgG' of kernels.</summary>
    /// <param name="kernels">Of shape (3, 3, inputs, outputs), one after the other in memory.</param>
    /// <param name="turned">By half a turn, as the gradient of the images wants them.</param>
    /// <param name="planes">Where it goes.</param>
    public static void OfKernels<TFloats>(Tensor kernels, bool turned, float[] planes)
        where TFloats : struct, IFloats<TFloats>
    {
        var (inputs, outputs) = ((int)kernels.shape[2], (int)kernels.shape[3]);
        TorchTeam.Run(outputs / Planes.Panel, panel =>
        {
            Span<float> between = stackalloc float[Between];
            ref var kernel = ref Pixels.Of(kernels);
            var (first, step) = turned ? ((Side * Side) - 1, -1) : (0, 1);
            nint tap = inputs * outputs;
            nint plane = Planes.Distance(outputs, inputs);
            for (var at = 0; at < inputs * Planes.Panel; at += TFloats.Count)
            {
                var (input, output) = (at / Planes.Panel, (panel * Planes.Panel) + (at % Planes.Panel));
                ref var from = ref Unsafe.Add(ref kernel, (first * tap) + (input * outputs) + output);
                MultiplyBothSides<KernelMatrix, TFloats>(
                    ref from, step * Side * tap, step * tap,
                    ref planes[(panel * Planes.Panel * inputs) + at], TileGrid.SeenSide * plane, plane, ref between[0]);
            }
        });
    }

    /// <summary>G'mG of gradients: the transpose of <see cref="OfKernels"/>.</summary>
    /// <param name="parts">The planes; their sum is meant.</param>
    /// <param name="kernels">Where it goes, of shape (3, 3, inputs, outputs).</param>
    public static void ToKernels<TFloats>(float[][] parts, Tensor kernels)
        where TFloats : struct, IFloats<TFloats>
    {
        var (inputs, outputs) = ((int)kernels.shape[2], (int)kernels.shape[3]);
        TorchTeam.Run(outputs / Planes.Panel, panel =>
        {
            Span<float> sums = stackalloc float[Planes.Count * Planes.Panel];
            Span<float> between = stackalloc float[Between];
            ref var kernel = ref Pixels.Of(kernels);
            nint tap = inputs * outputs;
            nint plane = Planes.Distance(outputs, inputs);
            for (var at = 0; at < inputs * Planes.Panel; at += TFloats.Count)
            {
                var (input, output) = (at / Planes.Panel, (panel * Planes.Panel) + (at % Planes.Panel));
                for (var from = 0; from < Planes.Count; from++)
                {
                    TFloats sum = default;
                    foreach (var part in parts)
                    {
                        sum += TFloats.Load(ref part[(int)(from * plane) + (panel * Planes.Panel * inputs) + at]);
                    }

                    sum.Store(ref sums[from * TFloats.Count]);
                }

                MultiplyBothSides<KernelGradientMatrix, TFloats>(
                    ref sums[0], TileGrid.SeenSide * TFloats.Count, TFloats.Count,
                    ref Unsafe.Add(ref kernel, (input * outputs) + output), Side * tap, tap, ref between[0]);
            }
        });
    }
}
