using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNetMLNet.MLNet;
using ResNetMLNet.Tests.Support;

namespace ResNetMLNet.Tests.Citizenship;

/// <summary>
/// What ML.NET's own tests ask of every estimator (TestEstimatorCore in its TestDataPipeBase), and the row mapper besides.
/// </summary>
internal sealed class EstimatorWorkout(MLContext ml, IEstimator<ITransformer> estimator)
{
    /// <summary>Data that can be fitted on and transformed.</summary>
    public required IDataView Valid { get; init; }

    /// <summary>Data that can be transformed only.</summary>
    public IEnumerable<IDataView> ValidForTransform { get; init; } = [];

    /// <summary>Data whose very schema shape is wrong.</summary>
    public IEnumerable<IDataView> Invalid { get; init; } = [];

    /// <summary>Data whose schema has the right shape, but dimensions of which no image can be made.</summary>
    public IEnumerable<IDataView> InvalidDimensions { get; init; } = [];

    /// <summary>Data that can be fitted on, but not transformed by what was fitted on the valid data.</summary>
    public IEnumerable<IDataView> ValidForFit { get; init; } = [];

    /// <summary>The column of floats that the network makes.</summary>
    public string Output { get; init; } = "Score";

    public void Run()
    {
        var promised = estimator.GetOutputSchema(Internals.ShapeOf(Valid.Schema));
        CheckRefusalsOfEstimator();

        var transformer = estimator.Fit(Valid);
        var (loaded, loadedSchema) = SaveAndLoad(transformer);
        using (transformer as IDisposable)
        using (loaded as IDisposable)
        {
            // ML.NET leaves images out of a saved schema.
            Snapshot.AssertEqual(
                [.. Snapshot.Of(Valid.Schema).Where((_, index) => Valid.Schema[index].Type is not ImageDataViewType)],
                Snapshot.Of(loadedSchema),
                "the schema that was saved with the model");
            foreach (var data in ValidForTransform.Prepend(Valid))
            {
                CheckOn(data, transformer, loaded);
            }

            foreach (var data in Invalid.Concat(InvalidDimensions).Concat(ValidForFit))
            {
                CheckRefusalsOf(transformer, data);
                CheckRefusalsOf(loaded, data);
            }

            // Both ways: nothing is delivered that was not promised, nor promised and not delivered.
            Snapshot.AssertEqual(
                Snapshot.Of(promised),
                Snapshot.Of(Internals.ShapeOf(transformer.GetOutputSchema(Valid.Schema))),
                "promised and delivered schema");
        }
    }

    private void CheckRefusalsOfEstimator()
    {
        foreach (var data in ValidForTransform.Concat(Invalid))
        {
            MustFail(() => estimator.GetOutputSchema(Internals.ShapeOf(data.Schema)));
            MustFail(() => estimator.Fit(data));
        }

        foreach (var data in InvalidDimensions)
        {
            estimator.GetOutputSchema(Internals.ShapeOf(data.Schema));
            MustFail(() => estimator.Fit(data));
        }

        foreach (var data in ValidForFit)
        {
            estimator.GetOutputSchema(Internals.ShapeOf(data.Schema));
            using var other = estimator.Fit(data) as IDisposable;
        }
    }

    private (ITransformer Loaded, DataViewSchema Schema) SaveAndLoad(ITransformer transformer)
    {
        using var stream = new MemoryStream();
        ml.Model.Save(transformer, Valid.Schema, stream);
        stream.Position = 0;
        var loaded = new MLContext().Model.Load(stream, out var schema);
        return (loaded, schema);
    }

    private void CheckOn(IDataView data, ITransformer transformer, ITransformer loaded)
    {
        var schema = Snapshot.Of(transformer.GetOutputSchema(data.Schema));
        Snapshot.AssertEqual(schema, Snapshot.Of(loaded.GetOutputSchema(data.Schema)), "the loaded transformer's schema");

        var scored = transformer.Transform(data);
        var scoredAgain = loaded.Transform(data);
        Snapshot.AssertEqual(schema, Snapshot.Of(scored.Schema), "the schema of the transformed data");
        Snapshot.AssertEqual(schema, Snapshot.Of(scoredAgain.Schema), "the schema of the data that the loaded transformer made");
        Snapshot.AssertEqual(Snapshot.Of(scored), Snapshot.Of(scoredAgain), "the values of the loaded transformer");

        Assert.AreEqual(transformer.IsRowToRowMapper, loaded.IsRowToRowMapper);
        if (transformer.IsRowToRowMapper)
        {
            CheckMapper(data, transformer, scored);
            CheckMapper(data, loaded, scored);
        }
        else
        {
            MustFail(() => transformer.GetRowToRowMapper(data.Schema));
        }
    }

    private void CheckMapper(IDataView data, ITransformer transformer, IDataView scored)
    {
        var mapper = transformer.GetRowToRowMapper(data.Schema);
        Assert.AreSame(data.Schema, mapper.InputSchema);
        Snapshot.AssertEqual(Snapshot.Of(scored.Schema), Snapshot.Of(mapper.OutputSchema), "the row mapper's schema");

        using var input = data.GetRowCursor(data.Schema);
        using var row = mapper.GetRow(input, mapper.OutputSchema);
        Assert.AreSame(mapper.OutputSchema, row.Schema);

        // Everything but the scores is equal to the bit; those are computed one by one here, and in batches there.
        var exact = mapper.OutputSchema.Where(column => column.Name != Output).ToArray();
        var read = Snapshot.Reader(row, exact);
        var getter = row.GetGetter<VBuffer<float>>(mapper.OutputSchema[Output]);
        var lines = new List<string>();
        var scores = new List<float[]>();
        while (input.MoveNext())
        {
            var score = default(VBuffer<float>);
            getter(ref score);
            scores.Add([.. score.DenseValues()]);
            lines.Add(read());
        }

        Snapshot.AssertEqual(Snapshot.Of(scored, [.. exact.Select(column => column.Name)]), [.. lines], "the row mapper's values");
        Snapshot.AssertNear(Snapshot.Scores(scored, Output), [.. scores]);
    }

    private static void CheckRefusalsOf(ITransformer transformer, IDataView data)
    {
        MustFail(() => transformer.GetOutputSchema(data.Schema));
        MustFail(() => transformer.Transform(data));
        MustFail(() => transformer.GetRowToRowMapper(data.Schema));
    }

    private static void MustFail(Action action)
    {
        var error = Assert.Throws<Exception>(action).GetBaseException();
        Assert.IsTrue(
            error is ArgumentOutOfRangeException || error.GetType() == typeof(InvalidOperationException),
            $"{error.GetType()}: {error.Message}");
    }
}
