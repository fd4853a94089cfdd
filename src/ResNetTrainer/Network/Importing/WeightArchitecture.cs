using ResNetMLNet.Formats;

namespace ResNetMLNet.Network.Importing;

/// <summary>Which network weights belong to, by the names and shapes of its tensors.</summary>
internal static class WeightArchitecture
{
    private const int MostStages = 4;

    /// <param name="weights">Weights under torchvision's names.</param>
    /// <exception cref="InvalidDataException">They are of no ResNet; the message says why.</exception>
    public static ResNetArchitecture Of(NamedTensors weights)
    {
        var stem = Shape(weights, "conv1.weight");
        var inner = Shape(weights, "layer1.0.conv2.weight");
        var depths = Enumerable.Range(1, MostStages).Select(stage => Depth(weights, stage)).TakeWhile(depth => depth > 0).ToArray();
        if (depths.Length < 3 || depths.Length < Enumerable.Range(1, 9).Count(stage => Depth(weights, stage) > 0))
        {
            throw new InvalidDataException($"it has {depths.Length} stages (layer1, layer2 and so on) where a ResNet has three or four");
        }

        var bottleneck = weights.Tensors.ContainsKey("layer1.0.conv3.weight");
        var found = new ResNetArchitecture
        {
            Name = $"resnet-{string.Join('-', depths)}",
            Stem = stem[2] switch
            {
                7 => ResNetStem.Large,
                3 => ResNetStem.Small,
                _ => throw new InvalidDataException(
                    $"its first convolution is {stem[2]}x{stem[3]} where a ResNet's is 7x7, or 3x3 for small images"),
            },
            Block = bottleneck ? ResNetBlock.Bottleneck : ResNetBlock.Basic,
            Skip = SkipOf(weights),
            PreActivation = weights.Tensors.ContainsKey("norm.weight"),
            Depths = new(depths[0], depths[1], depths[2], depths.ElementAtOrDefault(3)),
            Width = (int)stem[0],
            WidthFactor = bottleneck ? (int)(inner[0] / stem[0]) : 1,
            Groups = bottleneck ? (int)(inner[0] / inner[1]) : 1,
        };
        return ResNetArchitecture.All.FirstOrDefault(known => known == found with { Name = known.Name }) ?? found;
    }

    private static ResNetSkip SkipOf(NamedTensors weights)
    {
        var skips = weights.Tensors.Keys.Where(name => name.Contains(".downsample.", StringComparison.Ordinal)).ToArray();
        return skips.Length == 0 && !weights.Tensors.ContainsKey("layer1.0.conv3.weight") ? ResNetSkip.ZeroPadding
            : skips.Any(name => name.EndsWith("downsample.0.bias", StringComparison.Ordinal)) ? ResNetSkip.Convolution
            : ResNetSkip.NormalizedConvolution;
    }

    private static int Depth(NamedTensors weights, int stage)
    {
        var depth = 0;
        while (weights.Tensors.ContainsKey($"layer{stage}.{depth}.conv1.weight"))
        {
            depth++;
        }

        return depth;
    }

    private static long[] Shape(NamedTensors weights, string name)
    {
        if (!weights.Tensors.TryGetValue(name, out var values))
        {
            var some = weights.Tensors.Count == 0 ? "it has no tensors" : $"it has {string.Join(", ", weights.Tensors.Keys.Take(3))}";
            throw new InvalidDataException($"the tensor '{name}' of torchvision's ResNets is missing; {some}");
        }

        return values.Shape is { Length: 4 } shape && shape.All(side => side is > 0 and <= short.MaxValue)
            ? shape
            : throw new InvalidDataException($"the tensor '{name}' has the shape {values.ShapeText} where a convolution has four sides");
    }
}
