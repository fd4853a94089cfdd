using Microsoft.ML;

namespace ResNetMLNet.Sample.Images;

/// <summary>Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017): ten kinds of clothes in grey images of 28x28 pixels.</summary>
internal static class FashionMnist
{
    /// <summary>The classes in the order of their numbers.</summary>
    public static IReadOnlyList<string> ClassNames { get; } =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>The subset that ships with the sample.</summary>
    public static string Shipped => Path.Combine(AppContext.BaseDirectory, "data");

    /// <summary>The training images of a folder with the four IDX files, gzipped or plain.</summary>
    public static IDataView Train(MLContext ml, string folder) => Load(ml, folder, "train");

    /// <summary>The test images of a folder with the four IDX files, gzipped or plain.</summary>
    public static IDataView Test(MLContext ml, string folder) => Load(ml, folder, "t10k");

    private static IDataView Load(MLContext ml, string folder, string part) =>
        ml.Data.LoadFromIdx(Find(folder, $"{part}-images-idx3-ubyte"), Find(folder, $"{part}-labels-idx1-ubyte"), ClassNames);

    private static string Find(string folder, string name) =>
        ((string[])[$"{name}.gz", name]).Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException(
            $"The folder '{folder}' has neither {name}.gz nor {name}. --data takes a folder with the four IDX files of Fashion-MNIST; "
            + "--download fetches them.");
}
