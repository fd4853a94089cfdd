namespace ResNetMLNet;

/// <summary>
/// Weights of another origin to start training from: a file of torchvision, timm, <c>torch.save</c> or <see
/// cref="ResNetModel.ExportToSafeTensors(string)"/>.
/// </summary>
/// <remarks>
/// A head (the linear layer) of another number of classes is left out and starts afresh. Weights for colours are summed up for grey images.
/// </remarks>
public sealed class InitialWeights
{
    private InitialWeights(string path, PixelStatistics? statistics, bool blueFirst) =>
        (Path, Statistics, BlueFirst) = (path, statistics, blueFirst);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What the weights were trained to see; null where it is left to the file.</summary>
    public PixelStatistics? Statistics { get; }

    /// <summary>Whether they are for images of blue, green, red.</summary>
    public bool BlueFirst { get; }

    /// <summary>The weights in a file, which is read by <c>Fit</c>.</summary>
    /// <param name="path">
    /// <c>.safetensors</c> with the names of torchvision's or timm's ResNets; <c>.pth</c> or <c>.pt</c> as <c>torch.save</c> writes a
    /// dictionary of tensors; <c>.onnx</c> of a ResNet.
    /// </param>
    /// <param name="statistics">
    /// What the weights were trained to see. Null: what the file says, where this library wrote it or an ONNX graph does it to its images,
    /// and else <see cref="PixelStatistics.ImageNet"/> for weights of three channels, and <see cref="PixelStatistics.None"/> for weights of
    /// one.
    /// </param>
    /// <param name="blueFirst">
    /// Whether they are for images of blue, green, red; the statistics are for red, green, blue in any case.
    /// </param>
    public static InitialWeights FromFile(string path, PixelStatistics? statistics = null, bool blueFirst = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new(path, statistics, blueFirst);
    }
}
