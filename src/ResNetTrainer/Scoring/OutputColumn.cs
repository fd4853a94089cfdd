using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Formats.Onnx;
using static ResNetMLNet.Formats.Onnx.OnnxGraph;

namespace ResNetMLNet.Scoring;

/// <summary>A column that a transformer adds: what it is, and how its values come of what the network makes of a row.</summary>
internal abstract record OutputColumn(string Name, DataViewType Type, DataViewSchema.Annotations? Annotations)
{
    /// <summary>What the network made of the row that the cursor stands on.</summary>
    internal delegate ReadOnlySpan<float> Outputs();

    public abstract Delegate CreateGetter(Outputs outputs);

    /// <summary>Adds the same to a graph: the name of its values, given that of the network's outputs.</summary>
    public abstract string AddTo(OnnxGraph graph, string outputs);
}

/// <summary>All that the network puts out, as it is.</summary>
internal sealed record OutputVector(string Name, int Length, DataViewSchema.Annotations? Annotations)
    : OutputColumn(Name, new VectorDataViewType(NumberDataViewType.Single, Length), Annotations)
{
    public override Delegate CreateGetter(Outputs outputs) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> vector) =>
    {
        var values = outputs();
        var editor = VBufferEditor.Create(ref vector, values.Length);
        values.CopyTo(editor.Values);
        vector = editor.Commit();
    });

    public override string AddTo(OnnxGraph graph, string outputs) => outputs;
}

/// <summary>Which of the outputs is the largest, as a key, which counts from 1; the first of equals, as ML.NET has it.</summary>
internal sealed record LargestOutput(string Name, int Count, DataViewSchema.Annotations? Annotations)
    : OutputColumn(Name, new KeyDataViewType(typeof(uint), Count), Annotations)
{
    public override Delegate CreateGetter(Outputs outputs) => (ValueGetter<uint>)((ref uint key) =>
    {
        var values = outputs();
        var best = 0;
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
            {
                best = i;
            }
        }

        key = (uint)best + 1;
    });

    public override string AddTo(OnnxGraph graph, string outputs)
    {
        var best = graph.Add("ArgMax", "best", [outputs], Attribute("axis", 1), Attribute("keepdims", 1));
        var key = graph.Add("Add", "key", [best, graph.Integers("one", 1)]);
        return graph.Add("Cast", "label", [key], Attribute("to", (long)TensorProto.Types.DataType.Uint32));
    }
}
