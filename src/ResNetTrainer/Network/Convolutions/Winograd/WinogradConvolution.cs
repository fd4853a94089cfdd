using System.Diagnostics;
using System.Reflection;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ResNetMLNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Network.Convolutions.Winograd;

/// <summary>
/// Convolutions of 3x3 in float32 on the CPU with a quarter of the products, or half of them where images do not divide into tiles; what
/// libtorch has (oneDNN) does not do that. The sums are in another order, so that the last bits are others.
/// </summary>
internal static class WinogradConvolution
{
    // Of fewer, tiles cost more to make than their products save (docs/BENCHMARKS.md, "Winograd's convolutions").
    private const int FewestChannels = 32;

    // From here on a block is full for each of two threads.
    private const int FewestTiles = 48;

    /// <summary>
    /// Whether this processor and libtorch's threads are of the kind that it is made for. It runs on others too. Where .NET leaves AVX-512
    /// alone, because it slows the whole processor down, libtorch still computes twice as much at a time as is done here; built for
    /// debugging, this takes many times as long as libtorch.
    /// </summary>
    public static bool IsSupported => Fma.IsSupported && Vector512.IsHardwareAccelerated == Avx512F.IsSupported
        && TorchTeam.IsAvailable && IsOptimized;

    private static bool IsOptimized { get; } =
        typeof(WinogradConvolution).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled != true;

    /// <summary>Whether it computes this convolution, and sooner.</summary>
    /// <param name="x">Of shape (batch, inputs, height, width).</param>
    /// <param name="weight">Of shape (outputs, inputs, height, width): the part that meets the image.</param>
    /// <param name="plan">The convolution.</param>
    public static bool Suits(Tensor x, Tensor weight, ConvolutionPlan plan)
    {
        if (x.shape is not [var images, _, var height, var width] || weight.shape is not [var outputs, var inputs, 3, 3]
            || x.dtype != ScalarType.Float32 || x.device_type != DeviceType.CPU
            || plan.Stride != 1 || plan.Groups != 1 || plan.Bias is not null
            || Math.Min(inputs, outputs) < FewestChannels || inputs % Planes.Panel != 0 || outputs % Planes.Panel != 0)
        {
            return false;
        }

        // What lies in memory is counted by int.
        if (Math.Max(inputs, outputs) * images * height * width >= int.MaxValue / sizeof(float)
            || Planes.Count * ((inputs * outputs) + Planes.Panel) >= int.MaxValue)
        {
            return false;
        }

        var grid = new TileGrid((int)images, (int)height, (int)width);
        return grid.Count >= FewestTiles && 3 * Planes.Count * (long)grid.Count <= 2 * 9 * (long)grid.Pixels;
    }

    /// <summary>Runs one that suits, with padding of 1.</summary>
    /// <param name="x">Of shape (batch, inputs, height, width); soonest where the channels of a pixel lie one after the other.</param>
    /// <param name="weight">Of shape (outputs, inputs, 3, 3).</param>
    /// <returns>The channels of a pixel lie one after the other.</returns>
    public static Tensor Run(Tensor x, Tensor weight) => is_grad_enabled() && (x.requires_grad || weight.requires_grad)
        ? WithGradient.apply(x, weight)
        : Convolve(Last(x), weight.permute(2, 3, 1, 0), turned: false);

    private static Tensor Last(Tensor x) => x.permute(0, 2, 3, 1).contiguous();

    // To (batch, outputs, height, width) of (batch, height, width, inputs), by a kernel of (3, 3, inputs, outputs).
    private static Tensor Convolve(Tensor images, Tensor kernels, bool turned) => Vector512.IsHardwareAccelerated
        ? Convolve<Floats512>(images, kernels, turned)
        : Convolve<Floats256>(images, kernels, turned);

    private static Tensor Convolve<TFloats>(Tensor images, Tensor kernels, bool turned)
        where TFloats : struct, IFloats<TFloats>
    {
        var (inputs, outputs) = ((int)kernels.shape[2], (int)kernels.shape[3]);
        var planes = Planes.Rent(outputs, inputs);
        try
        {
            using var lined = kernels.contiguous();
            KernelTransforms.OfKernels<TFloats>(lined, turned, planes);
            using var y = empty([images.shape[0], images.shape[1], images.shape[2], outputs]);
            TileLoops.Convolve<TFloats>(images, planes, y);

            // No view, to which nothing could be added in place.
            return y.permute(0, 3, 1, 2).detach();
        }
        finally
        {
            Planes.Return(planes);
        }
    }

    private static void Correlate(Tensor images, Tensor gradients, Tensor kernels)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            TileLoops.Correlate<Floats512>(images, gradients, kernels);
        }
        else
        {
            TileLoops.Correlate<Floats256>(images, gradients, kernels);
        }
    }

    private sealed class WithGradient : autograd.SingleTensorFunction<WithGradient>
    {
        public override string Name => nameof(WinogradConvolution);

        public override Tensor forward(autograd.AutogradContext context, params object[] arguments)
        {
            var (x, weight) = ((Tensor)arguments[0], (Tensor)arguments[1]);
            context.save_for_backward([x, weight]);
            context.set_materialize_grads(false);
            context.save_data(nameof(x), x.requires_grad);
            context.save_data(nameof(weight), weight.requires_grad);
            using var images = Last(x);
            return Convolve(images, weight.permute(2, 3, 1, 0), turned: false);
        }

        public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient) =>
            BackwardPass.Step(gradient, inputs: 2, () => Gradients(context, gradient));

        private static List<Tensor> Gradients(autograd.AutogradContext context, Tensor gradient)
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            using (gradient)
            {
                var saved = context.get_saved_variables();
                var (x, weight) = (saved[0], saved[1]);
                var gradients = Last(gradient);
                Tensor? ofWeight = null;
                if ((bool)context.get_data(nameof(weight)))
                {
                    using var kernels = empty([3, 3, weight.shape[1], weight.shape[0]]);
                    Correlate(Last(x), gradients, kernels);
                    ofWeight = kernels.permute(3, 2, 0, 1).contiguous().MoveToOuterDisposeScope();
                }

                var ofImages = (bool)context.get_data(nameof(x))
                    ? BackwardPass.Give(Convolve(gradients, weight.permute(2, 3, 0, 1), turned: true).MoveToOuterDisposeScope())
                    : null;
                return [ofImages!, ofWeight!];
            }
        }
    }
}
