using Microsoft.ML;
using Microsoft.ML.Data;
using ResNetMLNet.Formats.Onnx;
using ResNetMLNet.Network;
using ResNetMLNet.Scoring.Engines;
using static ResNetMLNet.Formats.Onnx.OnnxGraph;

namespace ResNetMLNet.Scoring;

/// <summary>A column that a transformer adds: what it is, and how its values come of what the network makes of a row.</summary>
internal abstract record OutputColumn(string Name, DataViewType Type, DataViewSchema.Annotations? Annotations)
{
    /// <summary>Values of the row that a cursor stands on.</summary>
    protected delegate ReadOnlySpan<float> Values();

    /// <summary>Whether <see cref="AddTo"/> can be called.</summary>
    public virtual bool IsInOnnx => true;

    public abstract Delegate CreateGetter(IComputedRow row);

    /// <summary>Adds the same to a graph: the name of its values, given that of the network's outputs.</summary>
    public abstract string AddTo(OnnxGraph graph, string outputs);

    protected static Delegate VectorGetter(Values values) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> vector) =>
    {
        var current = values();
        var editor = VBufferEditor.Create(ref vector, current.Length);
        current.CopyTo(editor.Values);
        vector = editor.Commit();
    });
}

/// <summary>All that the network puts out, as it is.</summary>
internal sealed record OutputVector(string Name, int Length, DataViewSchema.Annotations? Annotations)
    : OutputColumn(Name, new VectorDataViewType(NumberDataViewType.Single, Length), Annotations)
{
    public override Delegate CreateGetter(IComputedRow row) => VectorGetter(() => row.Values);

    public override string AddTo(OnnxGraph graph, string outputs) => outputs;
}

/// <summary>Which of the outputs is the largest, as a key, which counts from 1; the first of equals, as ML.NET has it.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Count">The number of outputs.</param>
/// <param name="Least">What the largest must be, or there is none: the key is missing. Null for any.</param>
/// <param name="Annotations">The column's annotations.</param>
internal sealed record LargestOutput(string Name, int Count, float? Least, DataViewSchema.Annotations? Annotations)
    : OutputColumn(Name, new KeyDataViewType(typeof(uint), Count), Annotations)
{
    public override Delegate CreateGetter(IComputedRow row) => (ValueGetter<uint>)((ref uint key) =>
    {
        var values = row.Values;
        var best = 0;
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
            {
                best = i;
            }
        }

        // 0 is what is missing. Where a score is not a number none is the largest, as ML.NET's own scorers have it.
        key = values[best] >= (Least ?? float.NegativeInfinity) ? (uint)best + 1 : 0;
    });

    public override string AddTo(OnnxGraph graph, string outputs)
    {
        var best = OnnxModel.AddClass(graph, Least, "best", keepDimension: true);
        var key = graph.Add("Add", "key", [best, graph.Integers("one", 1)]);
        return graph.Add("Cast", "label", [key], Attribute("to", (long)TensorProto.Types.DataType.Uint32));
    }
}

/// <summary>What the network looked at: all that the scorer puts out, (height, width).</summary>
internal sealed record HeatMap(string Name, ImageShape Shape)
    : OutputColumn(Name, new VectorDataViewType(NumberDataViewType.Single, Shape.Height, Shape.Width), Annotations: null)
{
    public override bool IsInOnnx => false;

    public override Delegate CreateGetter(IComputedRow row) => VectorGetter(() => row.Values);

    public override string AddTo(OnnxGraph graph, string outputs) => throw new NotSupportedException();
}

/// <summary>The image as the network sees it, (channels, height, width).</summary>
internal sealed record SeenImage(string Name, ImageShape Shape)
    : OutputColumn(Name, new VectorDataViewType(NumberDataViewType.Single, Shape.Channels, Shape.Height, Shape.Width), Annotations: null)
{
    public override bool IsInOnnx => false;

    public override Delegate CreateGetter(IComputedRow row) => VectorGetter(() => row.Image);

    public override string AddTo(OnnxGraph graph, string outputs) => throw new NotSupportedException();
}
