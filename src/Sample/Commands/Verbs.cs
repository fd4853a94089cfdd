using System.CommandLine;

namespace ResNetMLNet.Sample.Commands;

/// <summary>What the program can do.</summary>
internal static class Verbs
{
    public static IReadOnlyList<Command> Create() =>
    [
        TrainCommand.Create(), EvaluateCommand.Create(), PredictCommand.Create(), SummaryCommand.Create(), ExportCommand.Create(),
        ExplainCommand.Create(), CompletionCommand.Create(),
    ];
}
