using System.CommandLine;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks;

/// <summary>The four files of Fashion-MNIST.</summary>
internal static class FullData
{
    /// <summary>Where Debian's package dataset-fashion-mnist puts them.</summary>
    public const string Folder = "/usr/share/datasets/fashion-mnist";

    public static Option<string> Option() => new("--data") { Description = "The full Fashion-MNIST.", DefaultValueFactory = _ => Folder };

    /// <param name="ml">The context.</param>
    /// <param name="folder">Where the files are.</param>
    /// <param name="part">train or t10k.</param>
    public static IDataView Load(MLContext ml, string folder, string part) => ml.Data.LoadFromIdx(
        Path.Combine(folder, $"{part}-images-idx3-ubyte.gz"), Path.Combine(folder, $"{part}-labels-idx1-ubyte.gz"));
}
