using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data;
using ResNetMLNet.MLNet;

namespace ResNetMLNet;

/// <summary>Residual networks in the catalogs of an <see cref="MLContext"/>.</summary>
public static partial class ResNetCatalog
{
    /// <summary>Creates a trainer of ResNet-18 with the recipe <see cref="TrainingRecipe.Fast"/>.</summary>
    /// <param name="catalog">The trainers of the context.</param>
    /// <param name="labelColumnName">The label column, a key.</param>
    /// <param name="featureColumnName">
    /// The column of images: images, vectors of byte or float with the dimensions (channels, height, width), or encoded bytes.
    /// </param>
    /// <param name="validationSet">Rows that are scored after each epoch, put through the steps before the trainer.</param>
    /// <param name="numberOfEpochs">Passes over the training data; null leaves it to the recipe.</param>
    /// <exception cref="InvalidOperationException">A number is out of range or a name is empty.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.ResizeImages("Image", 96, 96)
    ///     .Append(ml.Transforms.ExtractPixels("Features", "Image", colorsToExtract: ColorBits.Blue, scaleImage: 1 / 255f))
    ///     .Append(ml.MulticlassClassification.Trainers.ResNet())
    ///     .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
    /// </code>
    /// </example>
    public static ResNetTrainer ResNet(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog,
        string labelColumnName = "Label",
        string featureColumnName = "Features",
        IDataView? validationSet = null,
        int? numberOfEpochs = null) =>
        catalog.ResNet(new ResNetTrainer.Options
        {
            LabelColumnName = labelColumnName,
            FeatureColumnName = featureColumnName,
            ValidationSet = validationSet,
            NumberOfEpochs = numberOfEpochs,
        });

    /// <summary>Creates a trainer of a residual network.</summary>
    /// <param name="catalog">The trainers of the context.</param>
    /// <param name="options">What to train and how.</param>
    /// <exception cref="InvalidOperationException">An option is out of range.</exception>
    public static ResNetTrainer ResNet(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, ResNetTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(options);
        return new(Internals.EnvironmentOf(catalog), options);
    }

    /// <summary>
    /// Reads grey images and their labels from IDX files, the format of MNIST and Fashion-MNIST
    /// (http://yann.lecun.com/exdb/mnist/). The files are read and checked at once;
    /// images are made of them when a cursor asks, in any order and by any number of cursors.
    /// </summary>
    /// <param name="catalog">The data catalog of the context.</param>
    /// <param name="imagesPath">The images (magic number 2051), gzipped or plain.</param>
    /// <param name="labelsPath">The labels (magic number 2049), gzipped or plain.</param>
    /// <param name="classNames">
    /// The name of each class in the order of its number; null names them "0", "1" and so on, up to the highest label in the file.
    /// </param>
    /// <returns>
    /// The columns <c>Image</c> (<c>MLImage</c>), <c>Pixels</c> (vector of byte with the dimensions 1, height, width) and
    /// <c>Label</c> (key with the class names).
    /// </returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidOperationException">
    /// A file is not what it should be, or a class name is missing or there twice; the message says which and why.
    /// </exception>
    public static IDataView LoadFromIdx(
        this DataOperationsCatalog catalog, string imagesPath, string labelsPath, IReadOnlyList<string>? classNames = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrWhiteSpace(imagesPath);
        ArgumentException.ThrowIfNullOrWhiteSpace(labelsPath);
        return IdxDataView.Open(Internals.EnvironmentOf(catalog), imagesPath, labelsPath, classNames);
    }

    /// <summary>Lists the images of a folder that has one sub-folder a class. Lazy: images are read when a cursor goes over them.</summary>
    /// <remarks>
    /// <para>A file is an image if its ending or its first bytes are those of a PNG, JPEG, BMP, GIF, WebP or ICO. Hidden and system
    /// files and folders (names with a dot in front, <c>__MACOSX</c>, <c>@eaDir</c> and the like), pipes and devices are left out;
    /// links are followed, into each folder once. What was found and what was left out is written to <c>mlContext.Log</c>.</para>
    /// <para>ML.NET's <c>ShuffleRows</c> and <c>Cache</c> drop columns of images: train on <c>ImageBytes</c> where rows are shuffled
    /// before a split.</para>
    /// </remarks>
    /// <param name="catalog">The data catalog of the context.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="classNames">
    /// The classes in the order of their keys, so that the labels of this folder mean the same as those of a model
    /// (<c>model.Model.ClassNames</c>) or of other data; some may have no sub-folder here, and sub-folders of other names are left
    /// out with a warning. Null: the sub-folders, in ordinal order.
    /// </param>
    /// <returns>
    /// The columns <c>Image</c> (<c>MLImage</c>), <c>ImageBytes</c> (the encoded file, vector of byte), <c>ImagePath</c> (text)
    /// and <c>Label</c>
    /// (key with the class names). Sorted by class and path. Both columns of images are seen alike: the way up that EXIF
    /// says, what is transparent on white. A file that is damaged, cut off, gone or not permitted is an error, which names it, when it is
    /// read; so is an <c>Image</c> of more than 100 million pixels (for those, <c>ImageBytes</c> and
    /// <see cref="ResNetTrainer.Options.MaximumImagePixels"/>).
    /// </returns>
    /// <exception cref="DirectoryNotFoundException">The folder is missing.</exception>
    /// <exception cref="InvalidOperationException">
    /// There are no classes or no images, a sub-folder has only files that are no images, a folder may not be read, or a class name
    /// is missing or there twice.
    /// </exception>
    public static IDataView LoadFromImageFolder(this DataOperationsCatalog catalog, string folder, IReadOnlyList<string>? classNames = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return ImageFolderDataView.Open(Internals.EnvironmentOf(catalog), folder, classNames);
    }
}
