using ResNetMLNet.Data;
using ResNetMLNet.Formats.Onnx;
using static ResNetMLNet.Formats.Onnx.OnnxGraph;

namespace ResNetMLNet.Scoring.Engines;

/// <summary>The way from the input of a graph to what the network sees, as the trainer and the transformer go it.</summary>
internal sealed class OnnxInput(OnnxGraph graph, InputFormat format, OnnxExportOptions options)
{
    public const string Name = "pixels";

    private readonly int _height = format.Shape.Height;
    private readonly int _width = format.Shape.Width;

    /// <summary>Adds the input and what is done to it; returns the name of what the network sees.</summary>
    public string Add()
    {
        var bytes = options.PixelType == OnnxPixelType.Byte;
        graph.AddInput(
            Name,
            bytes ? TensorProto.Types.DataType.Uint8 : TensorProto.Types.DataType.Float,
            bytes ? "Images, 0 to 255; red, green, blue where there are three channels." : "Images as the network was trained "
                + "on: bytes were scaled to [0, 1].",
            "batch",
            format.Shape.Channels,
            options.Resize ? "height" : _height,
            options.Resize ? "width" : _width);
        var x = bytes ? Scale(Name) : Name;
        return !options.Resize ? x : format.ResizeMode == ResizeMode.Stretch ? Stretch(x) : KeepAspectRatio(x);
    }

    private string Scale(string x) => graph.Add(
        "Div",
        "scaled",
        [graph.Add("Cast", "float", [x], Attribute("to", (long)TensorProto.Types.DataType.Float)), graph.Constant("white", [255f])]);

    private string Stretch(string x) => Resize(x, graph.Integers("size", _height, _width));

    // Bilinear with antialiasing: see Resizing.
    private string Resize(string x, string size) => graph.Add(
        "Resize",
        "resized",
        [x, "", "", size],
        Attribute("axes", 2, 3),
        Attribute("mode", "linear"),
        Attribute("coordinate_transformation_mode", "half_pixel"),
        Attribute("antialias", 1),
        Attribute("exclude_outside", 1));

    // ScaledSize as nodes, in double precision and rounding halves to even as that does; then the middle is cut out, or black
    // is put around.
    private string KeepAspectRatio(string x)
    {
        const long Double = (long)TensorProto.Types.DataType.Double;
        const long Int64 = (long)TensorProto.Types.DataType.Int64;
        var crops = format.ResizeMode == ResizeMode.CenterCrop;
        var target = graph.Integers("target", _height, _width);
        var shape = graph.Add("Shape", "shape", [x], Attribute("start", 2));
        var sides = graph.Add("Cast", "sides", [shape], Attribute("to", Double));
        var ratios = graph.Add("Div", "ratios", [graph.Constant<double>("target.double", [_height, _width], 2), sides]);
        var scale = graph.Add(crops ? "ReduceMax" : "ReduceMin", "scale", [ratios], Attribute("keepdims", 1));
        var rounded = graph.Add("Round", "rounded", [graph.Add("Mul", "exact", [sides, scale])]);
        var whole = graph.Add("Cast", "whole", [rounded], Attribute("to", Int64));
        var size = crops
            ? graph.Add("Max", "size", [whole, target])
            : graph.Add("Min", "size", [graph.Add("Max", "atleast1", [whole, graph.Integers("one", 1)]), target]);
        var resized = Resize(x, size);

        var two = graph.Integers("two", 2);
        if (crops)
        {
            var start = graph.Add("Div", "start", [graph.Add("Sub", "excess", [size, target]), two]);
            return graph.Add("Slice", "cropped", [resized, start, graph.Add("Add", "end", [start, target]), graph.Integers("axes", 2, 3)]);
        }

        var missing = graph.Add("Sub", "missing", [target, size]);
        var before = graph.Add("Div", "before", [missing, two]);
        var pads = graph.Add("Concat", "pads", [before, graph.Add("Sub", "after", [missing, before])], Attribute("axis", 0));
        return graph.Add("Pad", "padded", [resized, pads, "", graph.Integers("axes", 2, 3)]);
    }
}
