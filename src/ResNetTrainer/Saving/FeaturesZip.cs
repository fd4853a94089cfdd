using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Saving;

/// <summary>A transformer of images to features in ML.NET's model zip: nothing but what all saved networks have.</summary>
internal static class FeaturesZip
{
    public const string LoaderSignature = "ResNetFeatures";

    public static void Save(IHostEnvironment environment, ModelSaveContext zip, TrainedNetwork network, FeaturesColumns columns)
    {
        zip.CheckAtModel();
        zip.SetVersionInfo(Version());
        var header = new FeaturesHeader(network, columns, NetworkZip.SaveWeights(zip, network));
        NetworkZip.SaveHeader(environment, zip, header, ModelJson.Default.FeaturesHeader);
    }

    /// <exception cref="InvalidOperationException">It is damaged or from a newer version.</exception>
    public static (TrainedNetwork Network, FeaturesColumns Columns) Load(IHostEnvironment environment, ModelLoadContext zip)
    {
        Internals.CheckVersion(environment);
        zip.CheckAtModel(Version());
        var reader = new NetworkZipReader(environment, zip);
        var header = reader.ReadHeader(ModelJson.Default.FeaturesHeader, FeaturesHeader.CurrentVersion, Checked);
        var (plan, weights) = reader.ReadNetwork(header, classes: null);
        var network = new TrainedNetwork(plan, weights, header.Format, TestTimeAugmentation.None, KeyValues: null)
        {
            Pixels = header.Pixels ?? (plan.Statistics is null ? null : PixelRange.OfImages with { Smallest = null }),
        };
        return (network, header.Columns);
    }

    private static FeaturesHeader Checked(FeaturesHeader header, int version)
    {
        header.Check();
        return header;
    }

    private static VersionInfo Version() => NetworkZip.Version("RESNETFE", LoaderSignature);
}
