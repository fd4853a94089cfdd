using Microsoft.ML.Runtime;
using ResNetMLNet.Distributed;
using ResNetMLNet.MLNet;
using ResNetMLNet.Native;

namespace ResNetMLNet.Scoring.Engines;

/// <summary>
/// Makes the native scorer when it is first needed and lends it out for one call at a time. ML.NET's PredictionEngine
/// disposes the transformer it was made from, also when others still use it: so releasing frees the native memory as
/// soon as the calls under way have ended, and whoever scores after that gets a scorer made anew from the weights.
/// </summary>
internal sealed class ScorerSource(Func<IScorer> create)
{
    private readonly Lock _gate = new();
    private Counted? _current;

    /// <summary>Scores as a transformer does: on a GPU, with ONNX Runtime, or with libtorch.</summary>
    /// <param name="host">The transformer.</param>
    /// <param name="context">Says which GPU is meant, at the time when it is needed.</param>
    /// <param name="network">What scores.</param>
    /// <param name="device">Where.</param>
    public ScorerSource(IHost host, IHostEnvironment context, TrainedNetwork network, ComputeDevice device)
        : this(() => Create(host, context, network, device))
    {
    }

    public Loan Borrow()
    {
        lock (_gate)
        {
            _current ??= new(create());
            _current.Users++;
            return new(this, _current);
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            if (_current is { } current)
            {
                _current = null;
                Return(current);
            }
        }
    }

    private static IScorer Create(IHost host, IHostEnvironment context, TrainedNetwork network, ComputeDevice device)
    {
        using var channel = host.OpenChannel("Scoring");
        var gpu = DeviceSelector.SelectGpu(context, channel, device, Launcher.LocalRank);
        if (gpu is null && OnnxRuntimeLibrary.IsUsable && OnnxModel.Holds(network.Plan))
        {
            return new OnnxScorer(network);
        }

        if (gpu is null && OnnxRuntimeLibrary.Problem is { } problem)
        {
            channel.Log(
                "scoring with libtorch: ONNX Runtime, which is faster, is there and cannot be used; "
                + $"{OnnxRuntimeLibrary.LeastVersion} is the least. {problem}");
        }

        return new TorchScorer(network, gpu);
    }

    private void Return(Counted counted)
    {
        lock (_gate)
        {
            if (--counted.Users == 0)
            {
                counted.Scorer.Dispose();
            }
        }
    }

    internal readonly ref struct Loan(ScorerSource source, Counted counted)
    {
        public IScorer Scorer => counted.Scorer;

        public void Dispose() => source.Return(counted);
    }

    /// <summary>A scorer and those who use it, of whom the source itself is the first.</summary>
    internal sealed class Counted(IScorer scorer)
    {
        public IScorer Scorer => scorer;

        public int Users { get; set; } = 1;
    }
}
