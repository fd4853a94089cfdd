using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Measurements;

/// <summary>Models and images for the benchmarks of scoring. Speed does not depend on what was learnt, so little is.</summary>
internal static class ScoringModels
{
    public static ResNetTransformer Fit(MLContext ml, int imageSize, ResNetArchitecture? architecture = null) =>
        ml.MulticlassClassification.Trainers.ResNet(new ResNetTrainer.Options
        {
            FeatureColumnName = "Pixels",
            ImageSize = imageSize,
            NumberOfEpochs = 1,
            Device = ComputeDevice.Cpu,
            Architecture = architecture ?? ResNetArchitecture.BookResNet18,
        }).Fit(ml.Data.TakeRows(FullData.Load(ml, Shipped, "train"), 256));

    public static string Shipped => Path.Combine(AppContext.BaseDirectory, "data");

    /// <summary>Random images in memory, of one size.</summary>
    public static IDataView Random(MLContext ml, int count, int size)
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, count).Select(_ => new Row { Pixels = Bytes(random, size * size) }).ToArray();
        var schema = SchemaDefinition.Create(typeof(Row));
        schema["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, 1, size, size);
        return ml.Data.LoadFromEnumerable(rows, schema);
    }

    public static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    internal sealed class Row
    {
        public byte[] Pixels { get; set; } = [];
    }

    internal sealed class Scored
    {
        public float[] Score { get; set; } = [];
    }
}
