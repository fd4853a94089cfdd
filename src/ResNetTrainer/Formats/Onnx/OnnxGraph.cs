using System.Runtime.InteropServices;
using Google.Protobuf;
using static ResNetMLNet.Formats.Onnx.AttributeProto.Types;

namespace ResNetMLNet.Formats.Onnx;

/// <summary>An ONNX graph in the making: every node has one output, which bears the node's name.</summary>
internal sealed class OnnxGraph(string name)
{
    /// <summary>The name of the library in the models that it writes.</summary>
    public const string Producer = "ResNetMLNet";

    public GraphProto Proto { get; } = new() { Name = name };

    /// <summary>Adds a node and returns the name of its output.</summary>
    public string Add(string operation, string name, string[] inputs, params AttributeProto[] attributes)
    {
        Proto.Node.Add(
            new NodeProto { OpType = operation, Name = name, Input = { inputs }, Output = { name }, Attribute = { attributes } });
        return name;
    }

    /// <summary>Adds a constant and returns its name.</summary>
    public string Constant<T>(string name, ReadOnlySpan<T> values, params long[] shape)
        where T : unmanaged
    {
        var tensor = new TensorProto
        {
            Name = name,
            DataType = (int)(typeof(T) == typeof(float) ? TensorProto.Types.DataType.Float
                : typeof(T) == typeof(double) ? TensorProto.Types.DataType.Double
                : TensorProto.Types.DataType.Int64),
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)),
        };
        tensor.Dims.AddRange(shape);
        Proto.Initializer.Add(tensor);
        return name;
    }

    /// <summary>Adds a vector of whole numbers and returns its name.</summary>
    public string Integers(string name, params ReadOnlySpan<long> values) => Constant(name, values, values.Length);

    public void AddInput(string name, TensorProto.Types.DataType type, string description, params Dimension[] shape) =>
        Proto.Input.Add(Value(name, type, description, shape));

    public void AddOutput(string name, TensorProto.Types.DataType type, string description, params Dimension[] shape) =>
        Proto.Output.Add(Value(name, type, description, shape));

    public static AttributeProto Attribute(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    public static AttributeProto Attribute(string name, string value) =>
        new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    public static AttributeProto Attribute(string name, params long[] values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type, string description, Dimension[] shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new() };
        tensor.Shape.Dim.AddRange(shape.Select(dimension => dimension.Name is null
            ? new TensorShapeProto.Types.Dimension { DimValue = dimension.Size }
            : new TensorShapeProto.Types.Dimension { DimParam = dimension.Name }));
        return new() { Name = name, DocString = description, Type = new() { TensorType = tensor } };
    }

    /// <summary>A side of a tensor: a number, or a name where the caller chooses it.</summary>
    public readonly record struct Dimension(long Size, string? Name)
    {
        public static implicit operator Dimension(int size) => new(size, null);

        public static implicit operator Dimension(string name) => new(0, name);
    }
}
