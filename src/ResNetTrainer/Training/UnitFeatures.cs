using ResNetMLNet.Data.Datasets;
using ResNetMLNet.Distributed;
using ResNetMLNet.Network;
using static TorchSharp.torch;

namespace ResNetMLNet.Training;

/// <summary>Makes the features of weights that come from elsewhere as large as learning rates expect them.</summary>
internal static class UnitFeatures
{
    // One batch: the mean square is the same to a few percent for any.
    private const int Images = 64;

    /// <summary>Divides features by what makes their mean square 1; the network computes the same otherwise.</summary>
    /// <param name="network">The network; where features cannot be divided, it stays.</param>
    /// <param name="headIsTrained">Whether its linear layer has been trained with it: then that sees them as they were.</param>
    /// <param name="images">Images of the training.</param>
    /// <param name="seed">Which of them.</param>
    /// <param name="group">The processes, which all divide by what the first of them finds.</param>
    /// <returns>What features were divided by.</returns>
    public static double Of(TrainableNetwork network, bool headIsTrained, ImageDataset images, long seed, ProcessGroup group)
    {
        if (!FeatureScale.IsFree(network.Plan))
        {
            return 1;
        }

        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        using var batch = images.Sample(Images, seed);
        var features = network.Features(batch.ToInput(images.Format)).to_type(ScalarType.Float32);
        var square = group.Broadcast(features.mul(features).mean().item<float>());
        if (!(square > 0) || !float.IsFinite(square))
        {
            return 1;
        }

        var divisor = Math.Sqrt(square);
        network.Import(FeatureScale.Divide(network.Export(), network.Plan, divisor, keepsLogits: headIsTrained));
        return divisor;
    }
}
