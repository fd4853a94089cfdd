using ResNetMLNet.Data;
using ResNetMLNet.Network;
using TorchSharp;
using static TorchSharp.torch;

namespace ResNetMLNet.Scoring;

/// <summary>Pictures in, class probabilities out. Thread-safe; owns the native network.</summary>
internal sealed class TorchScorer(NetworkPlan plan, NetworkWeights weights, InputFormat format, Device device) : IDisposable
{
    private readonly FoldedNetwork _network = new(plan, format.Shape.Height, format.Shape.Width, weights, device);

    public int Classes => plan.Classes;

    /// <summary>The probabilities of each picture in turn, (pictures x classes) values.</summary>
    public float[] Score(PictureStore pictures)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var batch = pictures.Gather([.. Enumerable.Range(0, pictures.Count)], device);
        return _network.Forward(batch.ToInput(format)).softmax(1).cpu().data<float>().ToArray();
    }

    public void Dispose() => _network.Dispose();
}
