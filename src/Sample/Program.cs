using System.CommandLine;
using ResNetMLNet.Sample;
using ResNetMLNet.Sample.Commands;

var train = TrainCommand.Create();
var root = new RootCommand("ResNets in ML.NET: trains, evaluates and applies a residual network. Without a command it trains.")
{
    train,
    EvaluateCommand.Create(),
    PredictCommand.Create(),
    SummaryCommand.Create(),
    ExportCommand.Create(),
    ExplainCommand.Create(),
};

// No verb is train.
var verbs = root.Subcommands.Select(command => command.Name).Concat(["--help", "-h", "-?", "--version"]).ToHashSet();
return await Exit.Run(root, args.Length > 0 && verbs.Contains(args[0]) ? args : ["train", .. args]);
