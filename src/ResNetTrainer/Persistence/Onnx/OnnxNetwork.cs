using ResNetMLNet.Network;
using static ResNetMLNet.Persistence.Onnx.OnnxGraph;

namespace ResNetMLNet.Persistence.Onnx;

/// <summary>The layers of a network as nodes: each batch normalisation folded into the convolution before it.</summary>
internal sealed class OnnxNetwork(OnnxGraph graph, NetworkPlan plan, NetworkWeights weights, int height, int width)
{
    private readonly Dictionary<ConvolutionPlan, Taps> _taps = Taps.Of(plan, height, width);

    /// <summary>Pictures (batch, channels, height, width) to logits (batch, classes); returns the output's name.</summary>
    public string Add(string pictures, string logits)
    {
        var x = Relu(Convolve(plan.Stem, pictures));
        x = graph.Add(
            "MaxPool", "maxpool", [x], Attribute("kernel_shape", 3, 3), Attribute("strides", 2, 2), Attribute("pads", 1, 1, 1, 1));
        foreach (var block in plan.Blocks)
        {
            var y = block.Path[..^1].Aggregate(x, (input, convolution) => Relu(Convolve(convolution, input)));
            y = Convolve(block.Path[^1], y);
            var skip = block.Skip is null ? x : Convolve(block.Skip, x);
            x = Relu(graph.Add("Add", $"{block.Path[^1].Name}.sum", [y, skip]));
        }

        x = graph.Add("Flatten", "flatten", [graph.Add("GlobalAveragePool", "avgpool", [x])]);
        var weight = graph.Constant("fc.weight", weights["fc.weight"], plan.Classes, plan.Features);
        var bias = graph.Constant("fc.bias", weights["fc.bias"], plan.Classes);
        return graph.Add("Gemm", logits, [x, weight, bias], Attribute("transB", 1));
    }

    private string Relu(string x) => graph.Add("Relu", $"{x}.relu", [x]);

    private string Convolve(ConvolutionPlan convolution, string x)
    {
        // Only the taps that meet the picture: on small ones, a fraction of the work.
        var taps = _taps[convolution];
        var (weight, bias) = Folding.Fold(convolution, weights);
        var (rows, columns) = (taps.Vertical, taps.Horizontal);
        var weightName = graph.Constant<float>(
            convolution.Weight, Met(weight, convolution, taps), convolution.Outputs, convolution.Inputs, rows.Count, columns.Count);
        var biasName = graph.Constant<float>(convolution.Bias, bias, convolution.Outputs);
        return graph.Add(
            "Conv",
            convolution.Name,
            [x, weightName, biasName],
            Attribute("kernel_shape", rows.Count, columns.Count),
            Attribute("strides", convolution.Stride, convolution.Stride),
            Attribute("pads", rows.Padding, columns.Padding, rows.Padding, columns.Padding));
    }

    private static float[] Met(float[] weight, ConvolutionPlan plan, Taps taps)
    {
        if (taps.AreAll(plan))
        {
            return weight;
        }

        var (rows, columns) = (taps.Vertical, taps.Horizontal);
        var met = new float[plan.Outputs * plan.Inputs * rows.Count * columns.Count];
        var at = 0;
        for (var kernel = 0; kernel < plan.Outputs * plan.Inputs; kernel++)
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
