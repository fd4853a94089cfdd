using System.CommandLine;
using Microsoft.ML;

namespace ResNetMLNet.Benchmarks;

/// <summary>The four files of Fashion-MNIST.</summary>
internal static class FullData
{
    /// <summary>Where Debian's package dataset-fashion-mnist puts them.</summary>
    public const string Folder = "/usr/share/datasets/fashion-mnist";

    public static Option<string> Option() => new("--data") { Description = "The full Fashion-MNIST.", DefaultValueFactory = _ => Folder };

    /// <summary>The blocks of each stage, for networks smaller than ResNet-18.</summary>
    public static Option<int[]> Depths() =>
        new("--depths") { AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [2, 2, 2, 2] };

    public static ResNetArchitecture Architecture(int[] depths) => depths is [var first, var second, var third, var fourth]
        ? ResNetArchitecture.BookResNet18 with { Depths = new(first, second, third, fourth) }
        : throw new ArgumentException("--depths takes four numbers.");

    /// <param name="ml">The context.</param>
    /// <param name="folder">Where the files are.</param>
    /// <param name="part">train or t10k.</param>
    public static IDataView Load(MLContext ml, string folder, string part) => ml.Data.LoadFromIdx(
        Path.Combine(folder, $"{part}-images-idx3-ubyte.gz"), Path.Combine(folder, $"{part}-labels-idx1-ubyte.gz"));
}
