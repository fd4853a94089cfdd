namespace ResNetMLNet.Tests.Support;

/// <summary>A temporary folder with images in three classes and a tiny model that was trained on them.</summary>
internal sealed class SampleFolder : IDisposable
{
    public SampleFolder()
    {
        Path = Directory.CreateTempSubdirectory("resnet-tests-").FullName;
        SampleProcess.WriteImages(Images);
        Train(Images, Model);
    }

    /// <summary>The files that a training leaves.</summary>
    public static string[] Results { get; } = ["model.zip", "metrics.json", "curves.png", "confusion.png", "report.html"];

    public string Path { get; }

    public string Images => At("images");

    public string Model => At("model.zip");

    /// <summary>The arguments of a short training on the images.</summary>
    public string[] Training => TrainingOn("images");

    /// <summary>The arguments of a short training on the images of a folder.</summary>
    public string[] TrainingOn(string folder) =>
    [
        "train", "--images", At(folder), "--epochs", "1", "--image-size", "20", "--batch-size", "8", "--device", "cpu",
        "--precision", "float32",
    ];

    public string At(params string[] names) => System.IO.Path.Combine([Path, .. names]);

    /// <summary>Copies the images of a class into a folder, under the name that is given.</summary>
    public void Copy(string className, string folder, string? newName = null)
    {
        Directory.CreateDirectory(At(folder, newName ?? className));
        foreach (var file in Directory.GetFiles(At("images", className)))
        {
            File.Copy(file, At(folder, newName ?? className, System.IO.Path.GetFileName(file)));
        }
    }

    /// <summary>Trains a tiny network on a folder of images and saves it.</summary>
    /// <param name="images">The folder.</param>
    /// <param name="model">Where it is saved.</param>
    /// <param name="imageSize">What images are resized to; null for images of one size, and none other.</param>
    public static void Train(string images, string model, int? imageSize = 20)
    {
        var ml = Support.Images.Context();
        var data = ml.Data.LoadFromImageFolder(images);
        var options = Support.Images.Tiny(ImageKind.Encoded, each => (each.FeatureColumnName, each.ImageSize) = ("ImageBytes", imageSize));
        using var transformer = ml.MulticlassClassification.Trainers.ResNet(options).Fit(data);
        ml.Model.Save(transformer, data.Schema, model);
    }

    public static string[] NamesIn(string folder) => [.. Directory.GetFiles(folder).Select(file => System.IO.Path.GetFileName(file))];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
