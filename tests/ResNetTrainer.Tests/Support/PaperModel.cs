using ResNetMLNet.Data;
using ResNetMLNet.Formats;
using ResNetMLNet.Network;

namespace ResNetMLNet.Tests.Support;

/// <summary>Models without weights, for what is made of the rest.</summary>
internal static class PaperModel
{
    /// <summary>A training that went to its end: two epochs, nothing out of the ordinary.</summary>
    public static TrainingSummary Training() => new()
    {
        Recipe = TrainingRecipe.Book,
        Device = "cpu",
        Precision = "float32",
        Seed = 0,
        BatchSize = 256,
        LearningRate = 0.05,
        Images = 60_000,
        History = [SampleReport.Epoch(1, 1.25), SampleReport.Epoch(2, 0.5)],
    };

    public static ResNetModel Of(
        NetworkPlan network,
        ResizeMode mode,
        TrainingSummary training,
        TestTimeAugmentation views = TestTimeAugmentation.None,
        double? rejectBelow = null)
    {
        var format = new InputFormat(network.Input, Resizes: true, mode);
        return new(new(network, new NamedTensors(), format, views, KeyValues: null) { RejectBelow = rejectBelow }, training);
    }
}
