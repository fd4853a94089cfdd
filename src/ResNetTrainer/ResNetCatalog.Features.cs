using Microsoft.ML;
using ResNetMLNet.MLNet;

namespace ResNetMLNet;

public static partial class ResNetCatalog
{
    /// <summary>Creates an estimator of the features that trained weights see in images.</summary>
    /// <param name="catalog">The transforms of the context.</param>
    /// <param name="outputColumnName">The column of features to make, a vector of float.</param>
    /// <param name="weights">The weights, such as <c>PretrainedWeights.ImageNet</c> of the package ResNetMLNet.Pretrained.</param>
    /// <param name="inputColumnName">
    /// The column of images: images, vectors of byte or float with the dimensions (channels, height, width), or encoded bytes; null: that
    /// of the same name as the output column.
    /// </param>
    /// <param name="imageSize">The height and width in pixels to which images are resized.</param>
    /// <param name="resizeMode">How images that are not square are resized.</param>
    /// <exception cref="InvalidOperationException">A number is out of range or a name is empty.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.ResNetFeatures("Features", PretrainedWeights.ImageNet, "ImageBytes")
    ///     .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy())
    ///     .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
    /// var model = pipeline.Fit(ml.Data.LoadFromImageFolder("photographs"));
    /// </code>
    /// </example>
    public static ResNetFeaturesEstimator ResNetFeatures(
        this TransformsCatalog catalog,
        string outputColumnName,
        InitialWeights weights,
        string? inputColumnName = null,
        int imageSize = 224,
        ResizeMode resizeMode = ResizeMode.Stretch)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return catalog.ResNetFeatures(new ResNetFeaturesEstimator.Options
        {
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName,
            Weights = weights,
            ImageSize = imageSize,
            ResizeMode = resizeMode,
        });
    }

    /// <summary>Creates an estimator of the features that a fitted model sees in images, of the size that it was trained on.</summary>
    /// <param name="catalog">The transforms of the context.</param>
    /// <param name="outputColumnName">The column of features to make, a vector of float.</param>
    /// <param name="model">The model: a <see cref="ResNetTransformer"/>, or a chain with one in it, as <c>Model.Load</c> gives it.</param>
    /// <param name="inputColumnName">The column of images; null: that of the same name as the output column.</param>
    /// <exception cref="InvalidOperationException">A name is empty, or the model has no residual network in it, or several.</exception>
    public static ResNetFeaturesEstimator ResNetFeatures(
        this TransformsCatalog catalog, string outputColumnName, ITransformer model, string? inputColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return catalog.ResNetFeatures(new ResNetFeaturesEstimator.Options
        {
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName,
            Model = model,
        });
    }

    /// <summary>Creates an estimator of the features that a trained network sees in images.</summary>
    /// <param name="catalog">The transforms of the context.</param>
    /// <param name="options">The network and what it is fed.</param>
    /// <exception cref="InvalidOperationException">
    /// An option is out of range, or the model has no residual network in it, or several.
    /// </exception>
    public static ResNetFeaturesEstimator ResNetFeatures(this TransformsCatalog catalog, ResNetFeaturesEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(options);
        return new(Internals.EnvironmentOf(catalog), options);
    }
}
