using ResNetMLNet.Formats.Onnx;

namespace ResNetMLNet.Network;

/// <summary>
/// What an ONNX model does to its images before the first convolution: sums and products with constants, channel by channel.
/// </summary>
internal sealed class OnnxPreparation(OnnxFile file)
{
    private const int MostSteps = 8;

    // factor pixel + shift, of pixels in [0, 1]: bytes have 255 for 1.
    private readonly double[] _factor = [.. Enumerable.Repeat(IsOfBytes(file) ? 255.0 : 1, 3)];
    private readonly double[] _shift = new double[3];
    private bool _changes = IsOfBytes(file);

    /// <exception cref="InvalidDataException">Its numbers are too large or too small.</exception>
    public PixelStatistics? Statistics => _changes ? OfChanges() : file.Producer == OnnxGraph.Producer ? PixelStatistics.None : null;

    /// <summary>Returns what the first convolution sees.</summary>
    public string Walk()
    {
        var x = file.Input.Name;
        for (var step = 0; step < MostSteps; step++)
        {
            if (file.Readers(x) is not [{ OpType: "Sub" or "Add" or "Mul" or "Div", Input.Count: 2, Output.Count: > 0 } node])
            {
                break;
            }

            Apply(node);
            x = node.Output[0];
        }

        return x;
    }

    private PixelStatistics OfChanges()
    {
        try
        {
            return new(
                [.. _shift.Zip(_factor, (shift, factor) => (float)(-shift / factor))],
                [.. _factor.Select(factor => (float)(1 / factor))]);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("what it does to its images before the first convolution are no statistics of pixels", e);
        }
    }

    private static bool IsOfBytes(OnnxFile file) => file.Input.Type?.TensorType?.ElemType == (int)TensorProto.Types.DataType.Uint8;

    private void Apply(NodeProto node)
    {
        var values = file.Constant(node.Input[1])?.Data;
        if (values is not { Length: 1 or 3 }
            || values.Any(value => !float.IsFinite(value) || (value <= 0 && node.OpType is "Mul" or "Div")))
        {
            throw new InvalidDataException(
                $"before its first convolution it has {node.Title()}, which is not with one positive number for each channel");
        }

        _changes = true;
        for (var channel = 0; channel < 3; channel++)
        {
            var value = values[channel % values.Length];
            var factor = node.OpType switch
            {
                "Mul" => value,
                "Div" => 1.0 / value,
                _ => 1,
            };
            _factor[channel] *= factor;
            _shift[channel] = (_shift[channel] * factor) + (node.OpType == "Sub" ? -value : node.OpType == "Add" ? value : 0);
        }
    }
}
