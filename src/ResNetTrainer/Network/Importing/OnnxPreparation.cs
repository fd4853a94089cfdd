using ResNetMLNet.Formats;
using ResNetMLNet.Formats.Onnx;

namespace ResNetMLNet.Network.Importing;

/// <summary>
/// What an ONNX model does to its images before the first convolution: sums and products with constants, channel by channel, and sums with
/// a mean image.
/// </summary>
internal sealed class OnnxPreparation(OnnxFile file)
{
    private const int MostSteps = 8;

    // Of pixels in [0, 1] it is 0.5 at most, and graphs that take these may have been scaled a little otherwise.
    private const double MostDeviation = 2;

    // factor pixel + shift, of pixels in [0, 1]: bytes have 255 for 1. The shift of a channel is one, or one for each pixel.
    private readonly double[] _factor = [.. Enumerable.Repeat(IsOfBytes(file) ? 255.0 : 1, 3)];
    private readonly double[][] _shift = [[0], [0], [0]];
    private (long Height, long Width)? _size;
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
        // No pixels in [0, 1] have such a mean or deviation: its floats are of 0 to 255.
        if (!IsOfBytes(file) && Enumerable.Range(0, 3).Any(IsOfLargePixels))
        {
            Array.ForEach([0, 1, 2], channel => _factor[channel] *= byte.MaxValue);
        }

        try
        {
            float[] deviation = [.. _factor.Select(factor => (float)(1 / factor))];
            float[] mean =
                [.. Enumerable.Range(0, 3).SelectMany(channel => _shift[channel].Select(shift => (float)(-shift / _factor[channel])))];
            return _size is { } size ? new(new MeanImage((int)size.Height, (int)size.Width, mean), deviation) : new(mean, deviation);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("what it does to its images before the first convolution are no statistics of pixels", e);
        }
    }

    private bool IsOfLargePixels(int channel) =>
        1 / _factor[channel] > MostDeviation || _shift[channel].Any(shift => -shift / _factor[channel] > 1);

    private static bool IsOfBytes(OnnxFile file) => file.Input.Type?.TensorType?.ElemType == (int)TensorProto.Types.DataType.Uint8;

    private void Apply(NodeProto node)
    {
        var scales = node.OpType is "Mul" or "Div";
        if (ByChannel(file.Constant(node.Input[1])) is not { } values
            || values.Any(own => (scales && own is not [> 0]) || !own.All(float.IsFinite)))
        {
            throw new InvalidDataException(
                $"before its first convolution it has {node.Title()}, which is not with one positive number for each channel");
        }

        _changes = true;
        for (var channel = 0; channel < values.Length; channel++)
        {
            Apply(node.OpType, channel, values[channel]);
        }
    }

    private void Apply(string operation, int channel, float[] values)
    {
        if (operation is "Mul" or "Div")
        {
            var factor = operation == "Mul" ? values[0] : 1.0 / values[0];
            _factor[channel] *= factor;
            _shift[channel] = [.. _shift[channel].Select(shift => shift * factor)];
            return;
        }

        var (shifts, sign) = (_shift[channel], operation == "Sub" ? -1 : 1);
        _shift[channel] =
        [
            .. Enumerable.Range(0, Math.Max(shifts.Length, values.Length))
                .Select(pixel => shifts[pixel % shifts.Length] + (sign * values[pixel % values.Length])),
        ];
    }

    // One value, or those of an image, for each of three channels; null where it is neither, or an image of another size.
    private float[][]? ByChannel(NamedTensors.Values? constant)
    {
        if (constant?.Shape is [.., 1 or 3, > 1 and var height, > 1 and var width] && (_size ?? (height, width)) == (height, width))
        {
            _size = (height, width);
            float[][] planes = [.. constant.Data.Chunk((int)(height * width))];
            return planes.Length is 1 or 3 ? [planes[0], planes[planes.Length / 2], planes[^1]] : null;
        }

        return constant?.Data is { Length: 1 or 3 } few ? [[few[0]], [few[few.Length / 2]], [few[^1]]] : null;
    }
}
