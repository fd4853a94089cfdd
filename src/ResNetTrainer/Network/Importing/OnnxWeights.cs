using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;

namespace ResNetMLNet.Network.Importing;

/// <summary>
/// The weights of a ResNet in an ONNX model under torchvision's names, found by walking along its graph: names of nodes and values mean
/// nothing.
/// A normalisation that was folded into its convolution becomes one that changes nothing but adds the convolution's bias.
/// </summary>
internal sealed class OnnxWeights
{
    private readonly OnnxFile _file;
    private readonly OnnxConvolutions _convolutions;
    private readonly NamedTensors _weights = new();

    private OnnxWeights(OnnxFile file) => (_file, _convolutions) = (file, new(file, _weights));

    /// <returns>The weights, and what the graph does to pixels in [0, 1] first; null where it does nothing.</returns>
    /// <exception cref="InvalidDataException">It is no ResNet; the message says where it ceases to be one.</exception>
    public static (NamedTensors Weights, PixelStatistics? Statistics) Of(OnnxFile file)
    {
        var reading = new OnnxWeights(file);
        var preparation = new OnnxPreparation(file);
        var images = preparation.Walk();
        reading.Body(images);
        return (reading._weights, preparation.Statistics);
    }

    private void Body(string images)
    {
        var stem = Only(images, "the images", "Conv");
        var stride = _convolutions.Add(stem, "conv1", "bn1");
        var kernel = _weights.Tensors["conv1.weight"].Shape[2];
        var x = Only(_convolutions.OutputOf(stem), "the first convolution", "Relu").Output[0];
        if (Only(x, "the stem", "Conv", "MaxPool", "Add") is { OpType: "MaxPool" } pool)
        {
            var (sides, steps) = (pool.Integers("kernel_shape"), pool.Integers("strides", 1));
            Require(sides.All(side => side == 3) && steps.All(step => step == 2), pool, "a 3x3 pooling of stride 2");
            Require(IsPaddedByOne(pool), pool, "padded by 1 on every side, as torchvision's is");
            Require(kernel == 7 && stride == 2, pool, "behind a 7x7 convolution of stride 2");
            x = pool.Output[0];
        }
        else if (kernel == 7 || stride != 1)
        {
            throw new InvalidDataException(
                $"its first convolution is {kernel}x{kernel} of stride {stride}, but there is no max pooling behind it");
        }

        var (stage, index, seen) = (0, 0, new HashSet<string>());
        while (_file.Readers(x).Any(IsConvolution))
        {
            if (!seen.Add(x))
            {
                throw new InvalidDataException("its graph runs in circles");
            }

            var paths = _file.Readers(x).Where(IsConvolution).Select(Path).ToArray();
            var halves = paths.Any(path => path.Any(node => node.Integers("strides", 1, 1)[0] == 2));
            Require(stage > 0 || !halves, paths[0][0], "the first of a block of stride 1, with which ResNets begin");
            (stage, index) = stage == 0 || halves ? (stage + 1, 0) : (stage, index + 1);
            x = Block($"layer{stage}.{index}", x, paths, stride: halves ? 2 : 1);
        }

        Head(x);
    }

    private static bool IsConvolution(NodeProto node) => node is { OpType: "Conv", Output.Count: > 0 };

    // From a block's input: the convolution, ReLU, convolution and so on, up to the sum.
    private List<NodeProto> Path(NodeProto first)
    {
        var path = new List<NodeProto> { first };
        for (var node = first; path.Count <= 3;)
        {
            var next = Only(_convolutions.OutputOf(node), "a block's convolution", "Relu", "Add", "Sum");
            if (next.OpType != "Relu")
            {
                path.Add(next);
                return path;
            }

            node = Only(next.Output[0], "a block's ReLU", "Conv");
            path.Add(node);
        }

        throw new InvalidDataException($"{first.Title()} begins a block of more than three convolutions");
    }

    private string Block(string name, string x, List<NodeProto>[] paths, int stride)
    {
        // Each ends with the sum.
        var main = paths.MaxBy(path => path.Count)!;
        var sum = main[^1];
        var skip = paths.FirstOrDefault(path => path != main);
        Require(paths.Length <= 2 && main.Count > 2, main[0], "the first of a residual block's two or three convolutions");
        Require(skip is null or { Count: 2 } && (skip is null || skip[1] == sum), sum, "the sum of a block's path and its skip path");

        // Which of them has the stride is part of the plan: the first of two, the second of three.
        for (var i = 0; i < main.Count - 1; i++)
        {
            var found = _convolutions.Add(main[i], $"{name}.conv{i + 1}", $"{name}.bn{i + 1}");
            var expected = i == main.Count - 3 ? stride : 1;
            Require(found == expected, main[i], "a convolution whose stride is where torchvision's ResNets have it");
        }

        if (skip is not null)
        {
            var found = _convolutions.Add(skip[0], $"{name}.downsample.0", $"{name}.downsample.1");
            Require(found == stride, skip[0], "a convolution on the skip path of its block's stride");
        }
        else
        {
            Require(sum.Input.Contains(x) || _file.Readers(x).Contains(sum), sum, "the sum of a block's path and its input");
        }

        return Only(sum.Output[0], "a block's sum", "Relu").Output[0];
    }

    // Some models end before it: they give features.
    private void Head(string x)
    {
        x = Only(x, "the last block", "GlobalAveragePool", "AveragePool", "ReduceMean").Output[0];
        for (var step = 0; step < 4; step++)
        {
            x = _file.Readers(x)
                .FirstOrDefault(reader => reader is { OpType: "Flatten" or "Reshape" or "Squeeze", Output.Count: > 0 })?.Output[0] ?? x;
        }

        if (_file.Readers(x).FirstOrDefault(reader => reader is { OpType: "Gemm" or "MatMul", Output.Count: > 0 }) is not { } product)
        {
            return;
        }

        var factor = _convolutions.Constant(product, 1);
        Require(factor.Shape.Length == 2, product, "a linear layer");
        var isTransposed = product.OpType == "Gemm" && product.Integers("transB", 0)[0] == 1;
        var (outputs, inputs) = isTransposed ? (factor.Shape[0], factor.Shape[1]) : (factor.Shape[1], factor.Shape[0]);
        _weights.Add("fc.weight", [outputs, inputs], isTransposed ? factor.Data : Transposed(factor.Data, (int)inputs, (int)outputs));
        var bias = Bias(product) ?? new float[outputs];
        Require(bias.Length == outputs, product, $"a linear layer with a bias for each of its {outputs} outputs");
        _weights.Add("fc.bias", [outputs], bias);
    }

    // That of a linear layer; null where it has none.
    private float[]? Bias(NodeProto product)
    {
        if (product.OpType == "Gemm")
        {
            var (alpha, beta) = (product.Number("alpha", 1), product.Number("beta", 1));
            Require(alpha == 1 && beta == 1, product, "a linear layer whose alpha and beta are 1");
            return product.Input.ElementAtOrDefault(2) is null or "" ? null : _convolutions.Constant(product, 2).Data;
        }

        if (_file.Readers(product.Output[0]).FirstOrDefault(reader => reader.OpType == "Add") is not { } sum)
        {
            return null;
        }

        var bias = sum.Input.Select(_file.Constant).FirstOrDefault(constant => constant is not null);
        Require(bias is not null, sum, "the sum of the linear layer and its bias");
        return bias!.Data;
    }

    // Padding behind the last row and column may be missing, for images of even sides do not see it; where the number of windows is rounded
    // up, it must be.
    private static bool IsPaddedByOne(NodeProto pool)
    {
        var pads = pool.Text("auto_pad", "NOTSET") switch
        {
            "NOTSET" => pool.Integers("pads", 0, 0, 0, 0),
            "SAME_LOWER" => [1, 1, 0, 0],
            _ => [],
        };
        return pads is [1, 1, 0 or 1, 0 or 1] && (pads is [1, 1, 0, 0] || pool.Integers("ceil_mode", 0)[0] == 0);
    }

    private static float[] Transposed(float[] values, int rows, int columns)
    {
        var result = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            result[(i % columns * rows) + (i / columns)] = values[i];
        }

        return result;
    }

    // The first of the nodes behind a value that is one of these.
    private NodeProto Only(string value, string what, params string[] operations)
    {
        var readers = _file.Readers(value);
        var found = readers.Count == 0 ? "nothing" : readers[0].OpType;
        return readers.FirstOrDefault(reader => operations.Contains(reader.OpType) && reader.Output.Count > 0)
            ?? throw new InvalidDataException(
                $"it is no ResNet: behind {what} comes {found} where {string.Join(" or ", operations)} is expected");
    }

    private static void Require(bool holds, NodeProto node, string expected)
    {
        if (!holds)
        {
            throw new InvalidDataException($"it is no ResNet: {node.Title()} is not {expected}");
        }
    }
}
