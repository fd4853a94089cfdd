namespace ResNetMLNet;

/// <summary>What an exported ONNX model takes in; see <see cref="ResNetModel.ExportToOnnx(string, OnnxExportOptions)"/>.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>The values of the images. Default: float, as the network sees them.</summary>
    public OnnxPixelType PixelType { get; init; }

    /// <summary>
    /// Whether the model takes images of any height and width and resizes them itself, as the transformer does. Default: false, images are
    /// of the size that the network sees, which is then fixed in the file (what ML.NET's ApplyOnnxModel wants).
    /// </summary>
    public bool Resize { get; init; }
}

/// <summary>The values of the images that an exported ONNX model takes.</summary>
public enum OnnxPixelType
{
    /// <summary>float32, as the network was trained on: images of bytes are to be divided by 255.</summary>
    Single,

    /// <summary>Bytes of 0 to 255, which the model scales to [0, 1] itself.</summary>
    Byte,
}
