using ResNetMLNet.Data;
using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>
/// Whether a network is one to keep: its weights are finite, and so are the scores that it gives to a few of the training images.
/// </summary>
/// <remarks>The loss of a step is that of the weights before it; only this sees what the last step made of them.</remarks>
internal sealed class Soundness(Func<TrainableNetwork[]> networks) : IDisposable
{
    private const int Images = 8;

    private Tensor? _images;
    private bool _areFeatures;

    /// <summary>Takes images to score, from the first batch that it is shown.</summary>
    public void Observe(ImageBatch batch, InputFormat format)
    {
        if (_images is null && batch.Count > 0)
        {
            using var scope = NewDisposeScope();
            _areFeatures = format.IsFeatures;
            var input = batch.ToInput(format);
            _images = input.narrow(0, 0, Math.Min(Images, input.shape[0])).clone().DetachFromDisposeScope();
        }
    }

    /// <summary>What is not finite, "weights" or "scores"; null where all is well.</summary>
    public string? Problem()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return networks().Select(ProblemOf).FirstOrDefault(problem => problem is not null);
    }

    public void Dispose() => _images?.Dispose();

    private string? ProblemOf(TrainableNetwork network) =>
        !network.Tensors.Values.All(tensor => tensor.IsFrozen || IsFinite(tensor.Master)) ? "weights"
            : _images is not null && !IsFinite(Scores(network, _images)) ? "scores"
            : null;

    private Tensor Scores(TrainableNetwork network, Tensor images) =>
        _areFeatures ? network.Classify(images) : network.Forward(images, training: false);

    private static bool IsFinite(Tensor values) => values.isfinite().all().item<bool>();
}
