using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNetMLNet.Scoring;
using ResNetMLNet.Scoring.Engines;

namespace ResNetMLNet.Tests.Support;

/// <summary>Data scored as on a GPU: the processors are free, so that the next images are decoded meanwhile.</summary>
internal sealed class ScoredAside : IDisposable
{
    private readonly ScorerSource _scorers;

    public ScoredAside(MLContext ml, ResNetTransformer model, IDataView data)
    {
        var host = ((IHostEnvironment)ml).Register("test");
        var network = model.Model.Network;
        var columns = new ScoringColumns(model.FeatureColumnName, model.ScoreColumnName, model.PredictedLabelColumnName, "Label");
        _scorers = new(() => new Aside(new OnnxScorer(network)));
        var schema = ScoringSchema.OfClasses(host, data.Schema, network, columns, UnreadableImages.Fail);
        Rows = new ScoredDataView(host, data, schema, _scorers);
    }

    public IDataView Rows { get; }

    public void Dispose() => _scorers.Release();

    private sealed class Aside(IScorer scorer) : IScorer
    {
        public bool LeavesProcessorsFree => true;

        public void Score(Memory<float> images, Memory<float> outputs) => scorer.Score(images, outputs);

        public void Dispose() => scorer.Dispose();
    }
}
