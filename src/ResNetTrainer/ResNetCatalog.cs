using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Data.Loading;
using ResNetMLNet.Fitting;
using ResNetMLNet.MLNet;
using ResNetMLNet.Scoring;

namespace ResNetMLNet;

/// <summary>Residual networks in the catalogs of an <see cref="MLContext"/>.</summary>
public static partial class ResNetCatalog
{
    /// <summary>
    /// Creates a trainer with the recipe <see cref="TrainingRecipe.Fast"/>: from scratch, of the ResNet-18 that suits the images (<see
    /// cref="ResNetArchitecture.DefaultFor"/>), or from trained weights. For all else: <see cref="ResNetTrainer.Options"/>.
    /// </summary>
    /// <param name="catalog">The trainers of the context.</param>
    /// <param name="labelColumnName">The label column, a key.</param>
    /// <param name="featureColumnName">
    /// The column of images: images, vectors of byte or float with the dimensions (channels, height, width), or encoded bytes.
    /// </param>
    /// <param name="validationSet">Rows that are scored after each epoch, put through the steps before the trainer.</param>
    /// <param name="numberOfEpochs">Passes over the training data; null leaves it to the recipe.</param>
    /// <param name="imageSize">
    /// Pixels a side to which images are resized, 128 or 224 for photographs, say; null keeps the column's, which all images must then
    /// have.
    /// </param>
    /// <param name="initialWeights">
    /// Trained weights to start from, which is more accurate unless there are very many images; null starts from scratch.
    /// </param>
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
        int? numberOfEpochs = null,
        int? imageSize = null,
        InitialWeights? initialWeights = null) =>
        catalog.ResNet(new ResNetTrainer.Options
        {
            LabelColumnName = labelColumnName,
            FeatureColumnName = featureColumnName,
            ValidationSet = validationSet,
            NumberOfEpochs = numberOfEpochs,
            ImageSize = imageSize,
            InitialWeights = initialWeights,
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
    /// The expected calibration error of scored rows (Naeini et al., 2015): how far the probability of the likeliest class and the share of
    /// rows that are of it are apart, in 15 bins of equal width, averaged over the rows. 0 where probabilities mean what they say.
    /// </summary>
    /// <param name="catalog">The catalog of the context.</param>
    /// <param name="data">Rows scored by any classifier that gives probabilities.</param>
    /// <param name="labelColumnName">The true class, a key; rows without it are left out, as <c>Evaluate</c> does.</param>
    /// <param name="scoreColumnName">The probabilities; rows of which one is not finite are left out.</param>
    /// <returns>The error, in [0, 1]; not a number where no row is left.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public static double CalibrationError(
        this MulticlassClassificationCatalog catalog,
        IDataView data,
        string labelColumnName = DefaultColumnNames.Label,
        string scoreColumnName = DefaultColumnNames.Score)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(data);
        return ScoredRows.CalibrationError(Internals.EnvironmentOf(catalog), data, labelColumnName, scoreColumnName);
    }

    /// <summary>
    /// Adds what a fitted network looked at in each image: Grad-CAM (Selvaraju et al., 2017) over its last stage. A vector of float with
    /// the dimensions (height, width) of the images that the network sees, from 0 to 1, the place that speaks most for the class; all 0
    /// where nothing speaks for it.
    /// </summary>
    /// <remarks>
    /// The last stage is small, 7x7 for images of 224x224, and is enlarged bilinearly: a heat map says where, not which pixels. What
    /// follows that stage is a mean over pixels and a linear layer, so that gradients are the layer's weights and no backward pass is
    /// made: for these networks Grad-CAM is CAM (Zhou et al., 2016). It is of the network as it is calibrated or not, and of the image
    /// itself, not of its other views, also with <see cref="ResNetTrainer.Options.TestTimeAugmentation"/>.
    /// </remarks>
    /// <param name="catalog">The transforms of the context.</param>
    /// <param name="outputColumnName">The name of the column of heat maps.</param>
    /// <param name="model">A <see cref="ResNetTransformer"/>, or a chain of transformers with one in it.</param>
    /// <param name="inputColumnName">The column of images; null: the one that the model scores.</param>
    /// <param name="options">The class to explain, and other columns; null: the likeliest class, and none.</param>
    /// <exception cref="InvalidOperationException">
    /// The model is none or has no such class, or a name is empty or there twice.
    /// </exception>
    /// <example>
    /// <code>
    /// ITransformer model = ml.Model.Load("model.zip", out _);
    /// IDataView explained = ml.Transforms.ExplainImage("HeatMap", model).Fit(images).Transform(images);
    /// </code>
    /// </example>
    public static HeatMapEstimator ExplainImage(
        this TransformsCatalog catalog,
        string outputColumnName,
        ITransformer model,
        string? inputColumnName = null,
        HeatMapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrWhiteSpace(outputColumnName);
        ArgumentNullException.ThrowIfNull(model);
        var environment = Internals.EnvironmentOf(catalog);
        var network = FittedNetwork.Find(model, "The model that ExplainImage is given");
        var columns = new HeatMapColumns(outputColumnName, inputColumnName ?? network.FeatureColumnName, options?.ImageColumnName);
        return new(environment, network, columns, options?.ClassName);
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
    /// (<see cref="ResNetModel.ClassNames"/>) or of other data; some may have no sub-folder here, and sub-folders of other names are left
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
