using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Model.OnnxConverter;
using ResNetMLNet.Data;
using ResNetMLNet.Formats.Onnx;
using ResNetMLNet.Scoring.Engines;
using static ResNetMLNet.Formats.Onnx.OnnxGraph;

namespace ResNetMLNet.Scoring;

/// <summary>
/// The transformer as a step of a pipeline that ML.NET's ConvertToOnnx writes: from its feature column to those that it adds.
/// </summary>
internal sealed class OnnxStep(ScoringSchema schema)
{
    // The operators are the same in all opsets that ML.NET writes, which are 9 to 12.
    private readonly OnnxGraph _graph = new(nameof(OnnxStep));

    /// <summary>Adds the network to the model that is being written.</summary>
    public void AddTo(OnnxContext context)
    {
        OnnxModel.AddNetwork(_graph, schema.Network, AddImages());
        var values = schema.Added.ToDictionary(
            column => column.Name, column => column.AddTo(_graph, OnnxModel.OutputOf(schema.Network.Plan)));

        var names = Copy(context, context.GetVariableName(schema.Feature.Column.Name));
        foreach (var (column, value) in values)
        {
            var output = context.AddIntermediateVariable(schema.Output[column].Type, column);
            context.CreateNode("Identity", names[value], output, context.GetNodeName("Identity"), "");
        }
    }

    // As InputReader has it; the size of the column's images is known, so that resizing is a matter of two matrices.
    private string AddImages()
    {
        var (from, to) = (schema.Feature.Shape!.Value, schema.Network.Format.Shape);
        var shape = _graph.Integers("images.shape", -1, from.Channels, from.Height, from.Width);
        var images = _graph.Add("Reshape", "images", [OnnxInput.Name, shape]);
        if (((VectorDataViewType)schema.Feature.Column.Type).ItemType == NumberDataViewType.Byte)
        {
            var values = _graph.Add("Cast", "float", [images], Attribute("to", (long)TensorProto.Types.DataType.Float));
            images = _graph.Add("Div", "scaled", [values, _graph.Constant("white", [255f])]);
        }

        if (from == to)
        {
            return images;
        }

        var matrix = ResizeMatrix.Create(from, to, schema.Network.Format.ResizeMode);
        var narrowed = _graph.Add("MatMul", "narrowed", [images, _graph.Constant<float>("along", matrix.Along, from.Width, to.Width)]);
        return _graph.Add("MatMul", "resized", [_graph.Constant<float>("down", matrix.Down, to.Height, from.Height), narrowed]);
    }

    // ML.NET takes every name for one of a column too, so that ours must not be one that a column has.
    private Dictionary<string, string> Copy(OnnxContext context, string input)
    {
        var columns = schema.Output.Select(column => column.Name).ToHashSet();
        var prefix = "resnet.";
        while (columns.Any(column => column.StartsWith(prefix, StringComparison.Ordinal)))
        {
            prefix = $"_{prefix}";
        }

        var names = new Dictionary<string, string> { [OnnxInput.Name] = input };
        foreach (var tensor in _graph.Proto.Initializer)
        {
            names.Add(tensor.Name, Add(context, tensor, prefix + tensor.Name));
        }

        foreach (var node in _graph.Proto.Node)
        {
            var output = context.AddIntermediateVariable(null, prefix + node.Name, skip: true);
            var inputs = node.Input.Select(name => names[name]);
            var copy = context.CreateNode(node.OpType, inputs, [output], context.GetNodeName(prefix + node.Name), "");
            foreach (var attribute in node.Attribute)
            {
                Add(copy, attribute);
            }

            names.Add(node.Name, output);
        }

        return names;
    }

    private static string Add(OnnxContext context, TensorProto tensor, string name)
    {
        var bytes = tensor.RawData.Span;
        if (tensor.DataType == (int)TensorProto.Types.DataType.Float)
        {
            var values = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
            return tensor.Dims is [] ? context.AddInitializer(values[0], name) : context.AddInitializer(values, tensor.Dims, name);
        }

        var numbers = MemoryMarshal.Cast<byte, long>(bytes).ToArray();
        return tensor.Dims is [] ? context.AddInitializer(numbers[0], name) : context.AddInitializer(numbers, tensor.Dims, name);
    }

    private static void Add(OnnxNode node, AttributeProto attribute)
    {
        if (attribute.Type == AttributeProto.Types.AttributeType.Ints)
        {
            node.AddAttribute(attribute.Name, attribute.Ints);
        }
        else
        {
            node.AddAttribute(attribute.Name, attribute.I);
        }
    }
}
