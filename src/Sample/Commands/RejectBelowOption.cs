using System.CommandLine;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--reject-below: the probability from which on a class is named.</summary>
internal sealed class RejectBelowOption
{
    private readonly Option<double?> _probability = Parsed.Share(
        "--reject-below", "P", "A class is only named from this probability on. Default: as the model has it.");

    public Option Option => _probability;

    /// <summary>The model with the probability that is given; as it is where none is.</summary>
    public SavedModel Apply(ParseResult parsed, SavedModel saved) => parsed.GetValue(_probability) is { } least
        ? saved with { Network = saved.Network.WithRejectBelow(least) }
        : saved;
}
