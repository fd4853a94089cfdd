namespace ResNetMLNet;

/// <summary>Weights of trained networks that come as NuGet packages.</summary>
public static class PretrainedWeights
{
    /// <summary>
    /// A residual network of basic blocks, 2, 2, 2 and 3 in its stages, that was trained on ImageNet: that of the package
    /// Microsoft.ML.DnnImageFeaturizer.ResNet18 (MIT),
    /// without the linear layer. It sees images less the mean image of those that it was trained on. The files are beside the program, in
    /// DnnImageModels.
    /// </summary>
    /// <exception cref="FileNotFoundException">A file is not there.</exception>
    /// <exception cref="InvalidDataException">The mean image is damaged.</exception>
    /// <example>
    /// <code>
    /// var trainer = ml.MulticlassClassification.Trainers.ResNet(new()
    /// {
    ///     InitialWeights = PretrainedWeights.ImageNet,
    ///     FeatureColumnName = "ImageBytes",
    ///     ImageSize = 224,
    ///     ResizeMode = ResizeMode.CenterCrop,
    /// });
    /// </code>
    /// </example>
    public static InitialWeights ImageNet => InitialWeights.FromFile(
        Find("ResNet18Onnx", "ResNet18.onnx"), Preprocessing.Read(Find("ResNetPrepOnnx", "ResNetPreprocess.onnx")), blueFirst: true);

    private static string Find(string folder, string file)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "DnnImageModels", folder, file);
        return File.Exists(path) ? path : throw new FileNotFoundException(
            $"The pretrained network '{path}' is missing. The package Microsoft.ML.DnnImageFeaturizer.ResNet18 puts it beside the "
            + "program when that is built: "
            + "reference ResNetMLNet.Pretrained from the program's own project, and publish the folder DnnImageModels with it.",
            path);
    }
}
