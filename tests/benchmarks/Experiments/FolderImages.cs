using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNetMLNet.Benchmarks.Experiments;

/// <summary>Some images a class of a folder of photographs to train on, and others to test on.</summary>
internal sealed class FolderImages(MLContext ml, string folder, string? testFolder)
{
    /// <summary>The column of files.</summary>
    public const string Column = "ImageBytes";

    /// <param name="perClass">Images a class to train on; as many as there are where those are fewer.</param>
    /// <param name="test">Images to test on at the most: of the other folder, or of what is not trained on.</param>
    /// <param name="seed">Which of them.</param>
    public (IDataView Train, IDataView Test) Draw(int perClass, int test, int seed)
    {
        var images = ml.Data.LoadFromImageFolder(folder);
        var labels = images.GetColumn<uint>("Label").ToArray();
        var order = Shuffled(labels.Length, seed);
        var seen = new Dictionary<uint, int>();
        var trained = order.Where(row => (seen[labels[row]] = seen.GetValueOrDefault(labels[row]) + 1) <= perClass).ToArray();
        if (testFolder is null)
        {
            return (Rows(images, trained), Rows(images, order.Except(trained).Take(test)));
        }

        var others = ml.Data.LoadFromImageFolder(testFolder, ChosenRows.ClassNames(images));
        return (Rows(images, trained), Rows(others, Shuffled((int)others.GetRowCount()!, seed).Take(test)));
    }

    private static int[] Shuffled(int count, int seed)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(seed).Shuffle(order);
        return order;
    }

    private IDataView Rows(IDataView images, IEnumerable<int> chosen) => ChosenRows.Of<Row>(ml, images, chosen);

    private sealed class Row : ChosenRows.ILabelled
    {
        public byte[] ImageBytes { get; set; } = [];

        public uint Label { get; set; }
    }
}
