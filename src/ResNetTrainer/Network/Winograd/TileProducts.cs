using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResNetMLNet.Network.Winograd;

/// <summary>Products of small matrices in panels (<see cref="Planes"/>), by what the processor has.</summary>
internal static class TileProducts
{
    /// <summary>Rows that are multiplied at a time.</summary>
    public static int Rows => Vector512.IsHardwareAccelerated ? TileProducts512.Rows : TileProducts256.Rows;

    /// <summary><see cref="Rows"/> rows by one panel of a kernel.</summary>
    /// <param name="rows">The first of the rows, in the first of their panels.</param>
    /// <param name="panels">How many of these there are.</param>
    /// <param name="step">From one of them to the next.</param>
    /// <param name="kernel">For each channel of the rows, the panel's outputs.</param>
    /// <param name="outputs">The first of as many rows of these.</param>
    public static void Multiply(ref float rows, int panels, nint step, ref float kernel, ref float outputs)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            TileProducts512.Multiply(ref rows, panels, step, ref kernel, ref outputs);
        }
        else
        {
            TileProducts256.Multiply(ref rows, panels, step, ref kernel, ref outputs);
        }
    }

    /// <summary>Adds to a panel of a kernel's gradient, for a panel of inputs, the products of all rows of both.</summary>
    /// <param name="inputs">The rows of the inputs.</param>
    /// <param name="gradients">The rows of the outputs' gradients.</param>
    /// <param name="rows">How many.</param>
    /// <param name="kernel">For each of the inputs, the panel's outputs.</param>
    public static void Correlate(ref float inputs, ref float gradients, int rows, ref float kernel)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            TileProducts512.Correlate(ref inputs, ref gradients, rows, ref kernel);
        }
        else
        {
            for (nint input = 0; input < Planes.Panel; input += TileProducts256.Inputs)
            {
                TileProducts256.Correlate(
                    ref Unsafe.Add(ref inputs, input), ref gradients, rows, ref Unsafe.Add(ref kernel, input * Planes.Panel));
            }
        }
    }
}
