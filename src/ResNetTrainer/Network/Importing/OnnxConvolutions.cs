using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;

namespace ResNetMLNet.Network.Importing;

/// <summary>The convolutions of an ONNX model, each with the normalisation behind it.</summary>
internal sealed class OnnxConvolutions(OnnxFile file, NamedTensors weights)
{
    /// <summary>Adds a convolution and its normalisation to the weights.</summary>
    /// <param name="node">The convolution.</param>
    /// <param name="name">Its name in PyTorch.</param>
    /// <param name="normalisation">The name of its normalisation.</param>
    /// <returns>Its stride.</returns>
    public int Add(NodeProto node, string name, string normalisation)
    {
        var weight = Constant(node, 1);
        if (weight.Shape is not [var outputs, _, var side, var other] || side != other || side is not (1 or 3 or 7))
        {
            throw Refused(node, $"its weights have the shape {weight.ShapeText} where a square kernel of 1, 3 or 7 is expected");
        }

        var stride = Stride(node, (int)side);
        weights.Add($"{name}.weight", weight.Shape, weight.Data);
        var bias = node.Input.Count > 2 ? Constant(node, 2).Data : new float[outputs];
        if (bias.Length != outputs)
        {
            throw Refused(node, $"it has {bias.Length} biases for {outputs} channels");
        }

        if (Normalisation(node) is { } own)
        {
            Add(normalisation, own, bias);
        }
        else if (file.HasNormalisations && name.EndsWith("downsample.0", StringComparison.Ordinal))
        {
            weights.Add($"{name}.bias", [outputs], bias);
        }
        else
        {
            // Folded into the convolution: what is left of it is the shift.
            Add(normalisation, [Filled(outputs, 1), bias, Filled(outputs, 0), Filled(outputs, (float)(1 - NormalisationPlan.Epsilon))]);
        }

        return stride;
    }

    /// <summary>What comes out of a convolution and the normalisation behind it.</summary>
    public string OutputOf(NodeProto convolution) => (Normalisation(convolution) ?? convolution).Output[0];

    public NamedTensors.Values Constant(NodeProto node, int input) =>
        (node.Input.Count > input ? file.Constant(node.Input[input]) : null) ?? throw Refused(node, $"its input {input} is no constant");

    private NodeProto? Normalisation(NodeProto convolution) =>
        file.Readers(convolution.Output[0]) is [{ OpType: "BatchNormalization", Output.Count: > 0 } only] ? only : null;

    private void Add(string name, NodeProto node, float[] bias)
    {
        var values = Enumerable.Range(1, 4).Select(input => Constant(node, input).Data).ToArray();
        if (values.Any(each => each.Length != bias.Length))
        {
            throw Refused(node, $"it has not {bias.Length} values for each of scale, shift, mean and variance");
        }

        // The epsilon may be another one, and the bias is said by the mean.
        var more = node.Number("epsilon", 1e-5f) - (float)NormalisationPlan.Epsilon;
        float[] means = [.. values[2].Zip(bias, (mean, own) => mean - own)];
        var spreads = values[0].Zip(values[3], (scale, variance) => NormalisationPlan.NotNegative(scale, variance + more)).ToArray();
        Add(name, [[.. spreads.Select(each => (float)each.Scale)], values[1], means, [.. spreads.Select(each => (float)each.Variance)]]);
    }

    private void Add(string name, float[][] values)
    {
        foreach (var (tensor, data) in new NormalisationPlan(name, values[0].Length).Tensors.Zip(values))
        {
            weights.Add(tensor.Name, tensor.Shape, data);
        }
    }

    // Padded by half of the kernel. At stride 2 the last row and column may have one less: they are not seen in images of even sides.
    private static int Stride(NodeProto node, int kernel)
    {
        var strides = node.Integers("strides", 1, 1);
        var half = kernel / 2;
        var pads = node.Text("auto_pad", "NOTSET") switch
        {
            "NOTSET" => node.Integers("pads", 0, 0, 0, 0),
            "VALID" => [0, 0, 0, 0],
            "SAME_LOWER" => [half, half, half, half],
            _ => strides[0] == 1 || kernel == 1 ? [half, half, half, half] : [-1],
        };
        if (strides is not [1, 1] and not [2, 2] || node.Integers("dilations", 1, 1).Any(step => step != 1))
        {
            throw Refused(node, "its strides are not 1 or 2, or it is dilated");
        }

        var least = strides[0] == 2 ? Math.Max(0, half - 1) : half;
        return pads.Length == 4 && pads[..2].All(pad => pad == half) && pads[2..].All(pad => pad == half || pad == least)
            ? (int)strides[0]
            : throw Refused(node, $"it is padded by ({string.Join(", ", pads)}) where its kernel of {kernel} needs {half} on every side");
    }

    private static float[] Filled(long count, float value) => [.. Enumerable.Repeat(value, (int)count)];

    private static InvalidDataException Refused(NodeProto node, string problem) =>
        new($"it is no ResNet: of {node.Title()}, {problem}");
}
