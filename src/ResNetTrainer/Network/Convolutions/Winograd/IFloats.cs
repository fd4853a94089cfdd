using System.Numerics;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>
/// As many numbers as the processor computes with at a time, and products of small matrices in panels (<see cref="Planes"/>), so many at a
/// time as its registers hold.
/// </summary>
internal interface IFloats<TSelf>
    : IAdditionOperators<TSelf, TSelf, TSelf>, ISubtractionOperators<TSelf, TSelf, TSelf>, IMultiplyOperators<TSelf, float, TSelf>
    where TSelf : struct, IFloats<TSelf>
{
    static abstract int Count { get; }

    /// <summary>Rows that <see cref="Multiply"/> takes.</summary>
    static abstract int Rows { get; }

    static abstract TSelf Load(ref float from);

    /// <summary>A multiple of values, and others.</summary>
    static abstract TSelf Add(float factor, TSelf values, TSelf to);

    /// <summary><see cref="Rows"/> rows by one panel of a kernel.</summary>
    /// <param name="rows">The first of the rows, in the first of their panels.</param>
    /// <param name="panels">How many of these there are.</param>
    /// <param name="step">From one of them to the next.</param>
    /// <param name="kernel">For each channel of the rows, the panel's outputs.</param>
    /// <param name="outputs">The first of as many rows of these.</param>
    static abstract void Multiply(ref float rows, int panels, nint step, ref float kernel, ref float outputs);

    /// <summary>Adds to a panel of a kernel's gradient, for a panel of inputs, the products of all rows of both.</summary>
    /// <param name="inputs">The rows of the inputs.</param>
    /// <param name="gradients">The rows of the outputs' gradients.</param>
    /// <param name="rows">How many.</param>
    /// <param name="kernel">For each of the inputs, the panel's outputs.</param>
    static abstract void Correlate(ref float inputs, ref float gradients, int rows, ref float kernel);

    void Store(ref float to);
}
