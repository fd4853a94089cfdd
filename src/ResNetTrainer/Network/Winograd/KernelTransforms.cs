using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ResNetMLNet.Native;
using static TorchSharp.torch;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace ResNetMLNet.Network.Winograd;

/// <summary>
/// Kernels of 3x3 as <see cref="TileProducts"/> wants them: 36 planes, in these panels of 16 outputs, in these the inputs one after the
/// other. G is the matrix of that name of <see cref="TileTransforms"/>'s source.
/// </summary>
internal static class KernelTransforms
{
    private const int Lanes = 8;
    private const int Side = 3;
    private const int Panel = TileTransforms.Panel;

    /// <summary>GgG' of kernels.</summary>
    /// <param name="kernels">Of shape (3, 3, inputs, outputs), one after the other in memory.</param>
    /// <param name="turned">By half a turn, as the gradient of the images wants them.</param>
    /// <param name="planes">Where it goes.</param>
    public static void OfKernels(Tensor kernels, bool turned, float[] planes)
    {
        var (inputs, outputs) = ((int)kernels.shape[2], (int)kernels.shape[3]);
        TorchTeam.Run(outputs / Panel, panel =>
        {
            Span<float> between = stackalloc float[TileGrid.SeenSide * Side * Lanes];
            ref var kernel = ref Pixels.Of(kernels);
            var (first, step) = turned ? ((Side * Side) - 1, -1) : (0, 1);
            nint tap = inputs * outputs;
            nint plane = TileTransforms.Plane(outputs, inputs);
            for (var at = 0; at < inputs * Panel; at += Lanes)
            {
                var (input, output) = (at / Panel, (panel * Panel) + (at % Panel));
                ref var from = ref Unsafe.Add(ref kernel, (first * tap) + (input * outputs) + output);
                for (nint x = 0; x < Side; x++)
                {
                    G(ref Unsafe.Add(ref from, step * x * tap), step * Side * tap, ref between[(int)x * Lanes], Side * Lanes);
                }

                ref var to = ref planes[(panel * Panel * inputs) + at];
                for (var y = 0; y < TileGrid.SeenSide; y++)
                {
                    G(ref between[y * Side * Lanes], Lanes, ref to, plane);
                    to = ref Unsafe.Add(ref to, TileGrid.SeenSide * plane);
                }
            }
        });
    }

    /// <summary>G'mG of gradients: the transpose of <see cref="OfKernels"/>.</summary>
    /// <param name="parts">The planes; their sum is meant.</param>
    /// <param name="kernels">Where it goes, of shape (3, 3, inputs, outputs).</param>
    public static void ToKernels(float[][] parts, Tensor kernels)
    {
        var (inputs, outputs) = ((int)kernels.shape[2], (int)kernels.shape[3]);
        TorchTeam.Run(outputs / Panel, panel =>
        {
            Span<float> sums = stackalloc float[TileGrid.Planes * Lanes];
            Span<float> between = stackalloc float[TileGrid.SeenSide * Side * Lanes];
            ref var kernel = ref Pixels.Of(kernels);
            nint tap = inputs * outputs;
            nint plane = TileTransforms.Plane(outputs, inputs);
            for (var at = 0; at < inputs * Panel; at += Lanes)
            {
                var (input, output) = (at / Panel, (panel * Panel) + (at % Panel));
                for (var from = 0; from < TileGrid.Planes; from++)
                {
                    var sum = Floats.Zero;
                    foreach (var part in parts)
                    {
                        sum += Vector256.LoadUnsafe(ref part[(int)(from * plane) + (panel * Panel * inputs) + at]);
                    }

                    sum.StoreUnsafe(ref sums[from * Lanes]);
                }

                for (var x = 0; x < TileGrid.SeenSide; x++)
                {
                    TransposedG(
                        ref sums[x * Lanes], TileGrid.SeenSide * Lanes, ref between[x * Lanes], TileGrid.SeenSide * Lanes);
                }

                for (var y = 0; y < Side; y++)
                {
                    TransposedG(
                        ref between[y * TileGrid.SeenSide * Lanes], Lanes,
                        ref Unsafe.Add(ref kernel, (y * Side * tap) + (input * outputs) + output), tap);
                }
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void G(ref float from, nint step, ref float to, nint stride)
    {
        Floats g0 = Load(ref from, 0), g1 = Load(ref from, step), g2 = Load(ref from, 2 * step);
        Store(ref to, 0, g0 * 0.25f);
        Floats even = (g0 + g2) * (-1 / 6f), odd = g1 * (-1 / 6f);
        Store(ref to, stride, even + odd);
        Store(ref to, 2 * stride, even - odd);
        (even, odd) = ((g0 * (1 / 24f)) + (g2 * (1 / 6f)), g1 * (1 / 12f));
        Store(ref to, 3 * stride, even + odd);
        Store(ref to, 4 * stride, even - odd);
        Store(ref to, 5 * stride, g2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposedG(ref float from, nint step, ref float to, nint stride)
    {
        Floats m1 = Load(ref from, step), m2 = Load(ref from, 2 * step), m3 = Load(ref from, 3 * step), m4 = Load(ref from, 4 * step);
        Floats even = (m1 + m2) * (-1 / 6f), evenOfTwo = m3 + m4;
        Store(ref to, 0, (Load(ref from, 0) * 0.25f) + even + (evenOfTwo * (1 / 24f)));
        Store(ref to, stride, ((m2 - m1) * (1 / 6f)) + ((m3 - m4) * (1 / 12f)));
        Store(ref to, 2 * stride, even + (evenOfTwo * (1 / 6f)) + Load(ref from, 5 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats Load(ref float from, nint at) => Vector256.LoadUnsafe(ref Unsafe.Add(ref from, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref float to, nint at, Floats values) => values.StoreUnsafe(ref Unsafe.Add(ref to, at));
}
