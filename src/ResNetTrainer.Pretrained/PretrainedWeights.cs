namespace ResNetMLNet;

/// <summary>Weights of trained networks that come as NuGet packages.</summary>
public static class PretrainedWeights
{
    private const float White = 255;

    // The means of red, green and blue in the mean image of the package's own preprocessing. The network sees bytes less these.
    private static readonly PixelStatistics _statistics =
        new([123.15163f / White, 115.902885f / White, 103.06262f / White], [1 / White, 1 / White, 1 / White]);

    /// <summary>
    /// A residual network of basic blocks, 2, 2, 2 and 3 in its stages, that was trained on ImageNet: that of the package
    /// Microsoft.ML.DnnImageFeaturizer.ResNet18 (MIT),
    /// without the linear layer. The file is beside the program, in DnnImageModels.
    /// </summary>
    /// <exception cref="FileNotFoundException">The file is not there.</exception>
    /// <example>
    /// <code>
    /// var trainer = ml.MulticlassClassification.Trainers.ResNet(new()
    /// {
    ///     InitialWeights = PretrainedWeights.ImageNet,
    ///     FeatureColumnName = "ImageBytes",
    ///     ImageSize = 128,
    /// });
    /// </code>
    /// </example>
    public static InitialWeights ImageNet
    {
        get
        {
            var path = Path.Combine(AppContext.BaseDirectory, "DnnImageModels", "ResNet18Onnx", "ResNet18.onnx");
            return File.Exists(path)
                ? InitialWeights.FromFile(path, _statistics, blueFirst: true)
                : throw new FileNotFoundException(
                    $"The pretrained network '{path}' is missing. The package Microsoft.ML.DnnImageFeaturizer.ResNet18 puts it beside the "
                    + "program when that is built: "
                    + "reference ResNetMLNet.Pretrained from the program's own project, and publish the folder DnnImageModels with it.",
                    path);
        }
    }
}
