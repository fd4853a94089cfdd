using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Network;

/// <summary>
/// One tensor of a network: the float32 master, and the copy that the arithmetic uses. They are the same unless
/// convolutions compute in a lower precision; then gradients belong to the copy, which
/// <see cref="Refresh"/> brings up to date once a step rather than at every use.
/// </summary>
internal sealed class NetworkTensor : IDisposable
{
    private readonly Tensor? _whole;
    private readonly KernelWindow _window;
    private float[]? _frozen;

    /// <param name="plan">What the tensor is.</param>
    /// <param name="whole">Its values.</param>
    /// <param name="precision">What convolutions compute in.</param>
    /// <param name="window">The part of a kernel that meets the image, where that is not all of it.</param>
    public NetworkTensor(TensorPlan plan, Tensor whole, ScalarType precision, KernelWindow? window)
    {
        Plan = plan;
        var master = whole;
        if (window is { } met)
        {
            _window = met;
            _whole = whole.DetachFromDisposeScope();
            using var view = met.View(whole);
            master = view.contiguous();
        }

        Master = master.DetachFromDisposeScope();
        var lowered = precision != ScalarType.Float32 && plan.Role is TensorRole.ConvolutionWeight or TensorRole.ConvolutionBias;
        Compute = lowered ? Lower(master, precision).DetachFromDisposeScope() : Master;
        Compute.requires_grad = plan.IsParameter;
    }

    public TensorPlan Plan { get; }

    public Tensor Master { get; }

    public Tensor Compute { get; }

    /// <summary>Whether gradients change it: a running statistic and what is frozen stay as they are.</summary>
    public bool IsTrained => Compute.requires_grad;

    /// <summary>Whether it stays as it is: neither gradients nor batches change it.</summary>
    public bool IsFrozen { get; private set; }

    public void Freeze()
    {
        Compute.requires_grad = false;
        IsFrozen = true;
    }

    /// <summary>
    /// Sets the part of the kernel that never meets the image to zero, where it was random: a network for larger images, which that part
    /// does meet, then computes only what was trained.
    /// </summary>
    public void ClearUnmet()
    {
        if (_whole is not null)
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            var met = Master.clone();
            _window.View(_whole.zero_()).copy_(met);
        }
    }

    /// <summary>
    /// The values on the host, those that were left out of the training included. Not to be changed: of what is frozen, they are the same
    /// array each time.
    /// </summary>
    public float[] Export() => IsFrozen ? _frozen ??= Copy() : Copy();

    /// <summary>Takes over values from the host.</summary>
    public void Import(float[] values)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var copy = Tensors.Copy(values, Plan.Shape, Master.device);
        _frozen = null;
        _whole?.copy_(copy);
        Master.copy_(_whole is null ? copy : _window.View(_whole));
        Refresh();
    }

    /// <summary>Copies the master to where the arithmetic sees it. To be called without gradients being recorded.</summary>
    public void Refresh()
    {
        if (!ReferenceEquals(Master, Compute))
        {
            Compute.copy_(Master);
        }
    }

    public void Dispose()
    {
        // The gradient is a tensor of its own.
        using (Compute.grad)
        {
            Compute.Dispose();
            Master.Dispose();
            _whole?.Dispose();
        }
    }

    // On a GPU the channels of a pixel lie together, with which 28x28 images in batches of 512 trained 1.3 times as fast. (A single channel
    // lies as it was measured there.)
    private static Tensor Lower(Tensor master, ScalarType precision)
    {
        using var scope = NewDisposeScope();
        var lowered = master.to_type(precision);
        var isOrdered = master.device_type != DeviceType.CPU && master.dim() == 4 && master.shape[1] > 1;
        return (isOrdered ? Tensors.ChannelsLast(lowered) : lowered).MoveToOuterDisposeScope();
    }

    private float[] Copy()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        if (_whole is not null)
        {
            _window.View(_whole).copy_(Master);
        }

        return (_whole ?? Master).detach().cpu().data<float>().ToArray();
    }
}
