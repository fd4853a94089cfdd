using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML;

namespace ResNetMLNet.Sample.Images;

/// <summary>
/// Which images of a folder are kept back to test on: by their names alone. So an image stays on its side whatever the seed, and when
/// others are added: a model that is trained further is not tested on what it was trained on. But for very small classes: at
/// least one image of each is tested, and one trained on, whatever their names. There an image that is added can also move one that was
/// trained on: of two that are drawn at 0.05 and 0.19 the second is trained on, since one must be, and with a third it is tested.
/// </summary>
internal sealed class FolderSplit
{
    private const double TestShare = 0.2;

    private readonly MLContext _ml;
    private readonly HashSet<string> _test;

    /// <summary>About a fifth of each class to test on: at least one image, where there are two.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="images">The images, with their paths.</param>
    /// <param name="folder">The folder in which they lie.</param>
    /// <exception cref="InvalidOperationException">No class has two images.</exception>
    public FolderSplit(MLContext ml, IDataView images, string folder)
    {
        _ml = ml;
        _test = FolderImage.Of(ml, images)
            .Select(image => (image.Label, image.ImagePath, Drawn: Draw(Path.GetRelativePath(folder, image.ImagePath))))
            .GroupBy(image => image.Label)
            .SelectMany(ofClass => ofClass.OrderBy(image => image.Drawn).Take(ToTest([.. ofClass.Select(image => image.Drawn)])))
            .Select(image => image.ImagePath)
            .ToHashSet(StringComparer.Ordinal);
        if (_test.Count == 0)
        {
            throw new InvalidOperationException(
                $"No class of '{folder}' has two images, so that none can be kept back to test on. Put more images into its sub-folders.");
        }
    }

    /// <summary>The images to train on.</summary>
    public IDataView Train(IDataView images) => FolderImage.Filter(_ml, images, path => !_test.Contains(path));

    /// <summary>The images to test on.</summary>
    public IDataView Test(IDataView images) => FolderImage.Filter(_ml, images, _test.Contains);

    private static int ToTest(double[] ofClass) =>
        Math.Min(Math.Max(ofClass.Count(drawn => drawn < TestShare), 1), ofClass.Length - 1);

    // From 0 to 1, evenly; the same on every system.
    private static double Draw(string path)
    {
        var name = Encoding.UTF8.GetBytes(path.Replace(Path.DirectorySeparatorChar, '/'));
        return BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(name)) / (uint.MaxValue + 1.0);
    }
}
