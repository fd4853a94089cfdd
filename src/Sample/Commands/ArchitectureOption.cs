using System.CommandLine;
using System.CommandLine.Parsing;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--architecture: a network of the family by its name, in upper or lower case.</summary>
internal sealed class ArchitectureOption
{
    private static readonly string[] _names = [.. ResNetArchitecture.All.Select(network => network.Name)];

    private readonly Option<ResNetArchitecture?> _network;

    /// <param name="usual">What it is where none is named.</param>
    public ArchitectureOption(string usual)
    {
        _network = new("--architecture")
        {
            HelpName = "NAME",
            Description = $"The network: {string.Join(", ", _names)}. Default: {usual}.",
            CustomParser = result => Find(result)
                ?? Parsed.Wrong<ResNetArchitecture>(result, "--architecture", $"one of {string.Join(", ", _names)}"),
        };
        _network.CompletionSources.Add(_names);
    }

    public Option Option => _network;

    /// <summary>The network that was named; null where none was.</summary>
    public ResNetArchitecture? Get(ParseResult parsed) => parsed.GetValue(_network);

    /// <inheritdoc cref="Get(ParseResult)"/>
    public ResNetArchitecture? Get(SymbolResult parsed) => parsed.GetValue(_network);

    private static ResNetArchitecture? Find(ArgumentResult result) => ResNetArchitecture.All.SingleOrDefault(
        network => network.Name.Equals(Parsed.Text(result), StringComparison.OrdinalIgnoreCase));
}
