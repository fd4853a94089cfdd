using Google.Protobuf;
using static ResNetMLNet.Formats.Onnx.TensorProto.Types;

namespace ResNetMLNet.Formats.Onnx;

/// <summary>The graph of an ONNX model (https://onnx.ai), to be walked along from its input.</summary>
internal sealed class OnnxFile
{
    private readonly Dictionary<string, TensorProto> _constants = [];
    private readonly ILookup<string, NodeProto> _readers;
    private readonly ValueBudget _budget;

    private OnnxFile(ModelProto model, long size)
    {
        _budget = new(size);
        var graph = model.Graph;
        foreach (var tensor in graph.Initializer)
        {
            _constants[tensor.Name] = tensor;
        }

        foreach (var node in graph.Node.Where(node => node.OpType == "Constant" && node.Output.Count > 0))
        {
            if (node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T is { } value)
            {
                _constants[node.Output[0]] = value;
            }
        }

        _readers = graph.Node
            .SelectMany(node => node.Input.Distinct().Select(input => (input, node)))
            .ToLookup(pair => pair.input, pair => pair.node);
        Input = graph.Input.FirstOrDefault(input => !_constants.ContainsKey(input.Name))
            ?? throw new InvalidDataException("its graph has no input");
        Producer = model.ProducerName;
        Metadata = model.MetadataProps.DistinctBy(entry => entry.Key).ToDictionary(entry => entry.Key, entry => entry.Value);
        HasNormalisations = graph.Node.Any(node => node.OpType == "BatchNormalization");
    }

    public ValueInfoProto Input { get; }

    /// <summary>The program that wrote it.</summary>
    public string Producer { get; }

    /// <summary>What it says of itself.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Whether batch normalisations are nodes of their own, as opposed to folded into convolutions.</summary>
    public bool HasNormalisations { get; }

    /// <exception cref="InvalidDataException">It is no ONNX model.</exception>
    public static OnnxFile Read(Stream stream)
    {
        try
        {
            var model = ModelProto.Parser.ParseFrom(stream);
            return model.Graph is { Node.Count: > 0 }
                ? new(model, stream.Length)
                : throw new InvalidDataException("it is not an ONNX model: it has no graph");
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"it is not an ONNX model: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <summary>The nodes that a value goes into, beyond those that pass it on as it is.</summary>
    /// <remarks>Goes along a chain of such nodes at most as far as there are nodes: a damaged graph may run in circles.</remarks>
    public IReadOnlyList<NodeProto> Readers(string value)
    {
        var (found, seen, waiting) = (new List<NodeProto>(), new HashSet<string>(), new Queue<string>([value]));
        while (waiting.TryDequeue(out var next))
        {
            foreach (var node in seen.Add(next) ? _readers[next] : [])
            {
                if (node.OpType is "Identity" or "Dropout" or "Cast" && node.Output.Count > 0)
                {
                    waiting.Enqueue(node.Output[0]);
                }
                else
                {
                    found.Add(node);
                }
            }
        }

        return found;
    }

    /// <summary>The values of a constant of floats; null where there is no such constant.</summary>
    /// <exception cref="InvalidDataException">
    /// The constant is damaged or of a type that weights do not have, or more has been asked for by now than a file of weights has.
    /// </exception>
    public NamedTensors.Values? Constant(string name)
    {
        if (!_constants.TryGetValue(name, out var tensor))
        {
            return null;
        }

        if (tensor.DataLocation == DataLocation.External)
        {
            throw new InvalidDataException($"the values of '{name}' are in another file; save the model as one file");
        }

        var shape = tensor.Dims.ToArray();
        if (tensor.FloatData.Count > 0 && tensor.DataType == (int)DataType.Float)
        {
            Check(name, shape, tensor.FloatData.Count);
            return new(shape, [.. tensor.FloatData]);
        }

        var type = (DataType)tensor.DataType switch
        {
            DataType.Float => ElementType.Float32,
            DataType.Float16 => ElementType.Float16,
            DataType.Bfloat16 => ElementType.BFloat16,
            DataType.Double => ElementType.Float64,
            _ => throw new InvalidDataException($"the constant '{name}' is of type {(DataType)tensor.DataType}, which is none of floats"),
        };
        var count = tensor.RawData.Length / type.Size();
        Check(name, shape, count);
        var values = new float[count];
        type.Widen(tensor.RawData.Span, values);
        return new(shape, values);
    }

    // A constant without values may have sides of any length, which layers then have arrays of.
    private void Check(string name, long[] shape, int count)
    {
        if (count == 0 || NamedTensors.CountOf(shape) != count)
        {
            throw new InvalidDataException($"the constant '{name}' of shape ({string.Join(", ", shape)}) has {count} values");
        }

        if (!_budget.TryTake(count))
        {
            throw new InvalidDataException(
                $"its layers share constants until they have more than {ValueBudget.MostPerByte} values for each byte of the file");
        }
    }
}

/// <summary>The attributes of nodes.</summary>
internal static class OnnxAttributes
{
    /// <summary>What people know a node by.</summary>
    public static string Title(this NodeProto node) =>
        $"the node '{(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault())}' ({node.OpType})";

    public static long[] Integers(this NodeProto node, string name, params long[] otherwise) =>
        node.Find(name) is not { } attribute ? otherwise : attribute.Ints.Count > 0 ? [.. attribute.Ints] : [attribute.I];

    public static float Number(this NodeProto node, string name, float otherwise) => node.Find(name)?.F ?? otherwise;

    public static string Text(this NodeProto node, string name, string otherwise) => node.Find(name)?.S.ToStringUtf8() ?? otherwise;

    private static AttributeProto? Find(this NodeProto node, string name) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == name);
}
