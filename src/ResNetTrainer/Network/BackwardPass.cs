using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>
/// A backward pass with steps of .NET's in it, on the CPU, where libtorch runs them on the thread that asks for gradients. They may throw
/// nothing through libtorch, which would end the process.
/// </summary>
internal static class BackwardPass
{
    [ThreadStatic]
    private static ExceptionDispatchInfo? _failure;

    // What the last step of this thread gave away. libtorch has it by the next, and frees it when it is used; until then it needs an owner,
    // which on a GPU's thread no scope is.
    [ThreadStatic]
    private static Tensor? _given;

    /// <summary>Runs the whole pass, and throws what its steps could not.</summary>
    public static void Run(Action pass)
    {
        _failure = null;
        try
        {
            pass();
        }
        catch (Exception) when (_failure is not null)
        {
            // What follows from it.
        }

        var failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    /// <summary>Runs a step. One that fails, or comes behind one that has, has no gradients.</summary>
    /// <param name="gradient">What the step is given; without, there is nothing to do.</param>
    /// <param name="inputs">How many gradients it has.</param>
    /// <param name="step">The gradients.</param>
    public static List<Tensor> Step(Tensor gradient, int inputs, Func<List<Tensor>> step)
    {
        try
        {
            _given?.Dispose();
            if (!gradient.IsInvalid)
            {
                return step();
            }
        }
        catch (Exception e)
        {
            _failure ??= ExceptionDispatchInfo.Capture(e);
        }

        return [.. Enumerable.Repeat<Tensor>(null!, inputs)];
    }

    /// <summary>Owns a gradient that a step gives away, until the next step of this thread.</summary>
    public static Tensor Give(Tensor gradient)
    {
        _given?.Dispose();
        return _given = gradient;
    }
}
