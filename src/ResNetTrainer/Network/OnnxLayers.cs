using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;
using static ResNetMLNet.Formats.Onnx.OnnxGraph;

namespace ResNetMLNet.Network;

/// <summary>The network as nodes of an ONNX graph: each batch normalisation folded into the convolution before it.</summary>
internal sealed class OnnxLayers(OnnxGraph graph, NetworkPlan plan, NamedTensors weights, string logits) : ILayers<string>
{
    public string Part(string? name, string input, Func<string, string> run) => run(input);

    public string Standardise(PixelStatistics statistics, string x)
    {
        string OfChannels(string name, IReadOnlyList<float> values) =>
            graph.Constant<float>($"{x}.{name}", [.. values], values.Count, 1, 1);
        var mean = statistics.MeanImage is { } image
            ? graph.Constant<float>($"{x}.mean", image.Values, image.Channels, image.Height, image.Width)
            : OfChannels("mean", statistics.Mean);
        var centred = graph.Add("Sub", $"{x}.centred", [x, mean]);
        return graph.Add("Div", $"{x}.standardised", [centred, OfChannels("deviation", statistics.Deviation)]);
    }

    public string Convolution(ConvolutionPlan convolution, string x)
    {
        // Only the part of the kernel that meets the image: on small ones, a fraction of the work.
        var window = plan.Windows[convolution];
        var (rows, columns) = (window.Vertical, window.Horizontal);
        var (weight, bias) = Folding.Fold(convolution, weights);
        var weightName = graph.Constant<float>(
            convolution.Weight.Name, Met(weight, convolution, window), [.. convolution.Weight.Shape[..2], rows.Count, columns.Count]);
        var biasName = graph.Constant<float>($"{convolution.Name}.bias", bias, convolution.Outputs);
        return graph.Add(
            "Conv",
            convolution.Name,
            [x, weightName, biasName],
            Attribute("kernel_shape", rows.Count, columns.Count),
            Attribute("strides", convolution.Stride, convolution.Stride),
            Attribute("pads", rows.Padding, columns.Padding, rows.Padding, columns.Padding),
            Attribute("group", (long)convolution.Groups));
    }

    // With ONNX's own epsilon, which is PyTorch's.
    public string Normalise(NormalisationPlan normalisation, string x) => graph.Add(
        "BatchNormalization",
        normalisation.Name,
        [x, .. normalisation.Tensors.Select(tensor => graph.Constant(tensor.Name, weights[tensor.Name], normalisation.Channels))]);

    // A convolution of ones and zeros: Slice and Pad are not the same in all opsets.
    public string Pad(BlockPlan block, string x)
    {
        var first = (block.Outputs - block.Inputs) / 2;
        var weight = new float[block.Outputs * block.Inputs];
        for (var channel = 0; channel < block.Inputs; channel++)
        {
            weight[((first + channel) * block.Inputs) + channel] = 1;
        }

        return graph.Add(
            "Conv",
            $"{x}.padded",
            [x, graph.Constant<float>($"{x}.channels", weight, block.Outputs, block.Inputs, 1, 1)],
            Attribute("kernel_shape", 1, 1),
            Attribute("strides", block.Stride, block.Stride));
    }

    public string Relu(string x) => graph.Add("Relu", $"{x}.relu", [x]);

    public string Add(string x, string skip) => graph.Add("Add", $"{x}.sum", [x, skip]);

    public string MaxPool(string x) => graph.Add(
        "MaxPool", "maxpool", [x], Attribute("kernel_shape", 3, 3), Attribute("strides", 2, 2), Attribute("pads", 1, 1, 1, 1));

    public string GlobalAveragePool(string x) => graph.Add("GlobalAveragePool", "avgpool", [x]);

    public string Flatten(string x) => graph.Add("Flatten", "flatten", [x]);

    public string Linear(LinearPlan linear, string x)
    {
        var weight = graph.Constant(linear.Weight.Name, weights[linear.Weight.Name], linear.Outputs, linear.Inputs);
        var bias = graph.Constant(linear.Bias.Name, weights[linear.Bias.Name], linear.Outputs);
        return graph.Add("Gemm", logits, [x, weight, bias], Attribute("transB", 1));
    }

    private static float[] Met(float[] weight, ConvolutionPlan plan, KernelWindow window)
    {
        if (window.IsWhole(plan))
        {
            return weight;
        }

        var (rows, columns) = (window.Vertical, window.Horizontal);
        var kernels = weight.Length / (plan.Kernel * plan.Kernel);
        var met = new float[kernels * rows.Count * columns.Count];
        var at = 0;
        for (var kernel = 0; kernel < kernels; kernel++)
        {
            for (var row = rows.First; row < rows.First + rows.Count; row++)
            {
                weight.AsSpan((((kernel * plan.Kernel) + row) * plan.Kernel) + columns.First, columns.Count).CopyTo(met.AsSpan(at));
                at += columns.Count;
            }
        }

        return met;
    }
}
