using Microsoft.ML;

namespace ResNetMLNet.Tests.Support;

/// <summary>A folder of sound images of two classes, to which others can be added.</summary>
internal sealed class TwoClassFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public TwoClassFolder(int images = 8)
    {
        for (var row = 0; row < images; row++)
        {
            Write(row % 2 == 0 ? "cat" : "dog", $"image{row}.bmp", PixelPattern.Bmp(row % 2, 3, 20, 20));
        }
    }

    public string Path => _folder.FullName;

    public string PathOf(string name, string file) => System.IO.Path.Combine(Path, name, file);

    /// <summary>A model that was trained on the files that are there.</summary>
    public ResNetTransformer Fit(MLContext ml, Action<ResNetTrainer.Options>? change = null) =>
        ml.MulticlassClassification.Trainers.ResNet(Images.Tiny(change: options =>
        {
            options.FeatureColumnName = "ImageBytes";
            options.ImageChannels = 3;
            options.ImageSize = 20;
            change?.Invoke(options);
        })).Fit(ml.Data.LoadFromImageFolder(Path));

    public void Write(string name, string file, byte[] bytes)
    {
        _folder.CreateSubdirectory(name);
        File.WriteAllBytes(PathOf(name, file), bytes);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
