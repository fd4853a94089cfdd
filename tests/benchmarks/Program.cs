using System.CommandLine;
using ResNetMLNet.Benchmarks.Experiments;
using ResNetMLNet.Benchmarks.Measurements;

var root = new RootCommand("Measures ResNetMLNet. Figures from one run may be compared with each other, not with those of another run.")
{
    Throughput.Create(),
    FitRun.Create(),
    Ablation.Create(),
    Recipes.Create(),
    CancelLatency.Create(),
    CheckpointCost.Create(),
    Retraining.Create(),
    Transfer.Create(),
    Soak.Create(),
    Everything.Create(),
    PrecisionComparison.Create(),
    Growth.Create(),
    StepProfile.Create(),
    Convolutions.Create(),
    ScoringSpeed.Create(),
    FirstPrediction.Create(),
    CalibrationGain.Create(),
    Agreement.Create(),
    ManyPredictions.Create(),
    Fuzz.Create(),
    TorchvisionAgreement.Create(),
    Features.Create(),
    Photographs.Create(),
    Ranks.Create(),
    WebLoad.Create(),
    FrozenEpochs.Create(),
};
return root.Parse(args).Invoke();
