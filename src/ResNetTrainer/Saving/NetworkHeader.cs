using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using ResNetMLNet.Data;
using ResNetMLNet.Data.Decoding;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring;

namespace ResNetMLNet.Saving;

/// <summary>What every saved network says of itself in model.json: which network it is and what it is fed.</summary>
internal abstract record NetworkHeader
{
    protected NetworkHeader()
    {
    }

    [SetsRequiredMembers]
    protected NetworkHeader(TrainedNetwork network, string weightsSha256)
    {
        var (plan, format) = (network.Plan, network.Format);
        Architecture = plan.Architecture;
        (Channels, Height, Width) = format.Shape;
        (Resizes, ResizeMode, MaximumImagePixels) = (format.Resizes, format.ResizeMode, format.MaximumPixels);
        PixelMean = plan.Statistics?.Mean.ToArray();
        PixelDeviation = plan.Statistics?.Deviation.ToArray();
        HasMeanImage = plan.Statistics?.MeanImage is not null;
        LargestPixel = network.Pixels?.Largest;
        SmallestPixel = network.Pixels?.Smallest;
        WeightsSha256 = weightsSha256;
    }

    public int FormatVersion { get; init; }

    public required ResNetArchitecture Architecture { get; init; }

    public required int Channels { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    public required bool Resizes { get; init; }

    public required ResizeMode ResizeMode { get; init; }

    // Null where pixels stay as they are.
    public float[]? PixelMean { get; init; }

    public float[]? PixelDeviation { get; init; }

    /// <summary>Whether a mean image stands among the tensors; the mean is then that of its channels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool HasMeanImage { get; init; }

    // Not in the files of the first days; null is the default.
    public int? MaximumImagePixels { get; init; }

    // Not in the files of the first versions; null where it is not known.
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public float? LargestPixel { get; init; }

    // The same, and of the versions after these.
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public float? SmallestPixel { get; init; }

    /// <summary>The SHA-256 of weights.safetensors in hexadecimal digits; not in the files of the first days.</summary>
    public string? WeightsSha256 { get; init; }

    /// <summary>Between which values the pixels were that it was trained on; null where it is not known.</summary>
    [JsonIgnore]
    public PixelRange? Pixels => LargestPixel is { } largest ? new(SmallestPixel, largest) : null;

    [JsonIgnore]
    public ImageShape InputShape => new(Channels, Height, Width);

    [JsonIgnore]
    public InputFormat Format => new(InputShape, Resizes, ResizeMode)
    {
        MaximumPixels = MaximumImagePixels ?? EncodedImage.DefaultMaximumPixels,
    };

    /// <param name="meanImage">The mean image, where there is one.</param>
    /// <exception cref="InvalidDataException">They are not those of pixels.</exception>
    public PixelStatistics? ToStatistics(MeanImage? meanImage = null)
    {
        try
        {
            return PixelMean is null && PixelDeviation is null ? null
                : meanImage is null ? new(PixelMean ?? [], PixelDeviation ?? [])
                : new(meanImage, PixelDeviation ?? []);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("pixelMean and pixelDeviation are no statistics of pixels", e);
        }
    }
}
