using System.CommandLine;
using System.CommandLine.Parsing;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--architecture: a network of the family by its name.</summary>
internal sealed class ArchitectureOption
{
    private static readonly string[] _names = [.. ResNetArchitecture.All.Select(network => network.Name)];

    private readonly Option<string> _name;

    /// <param name="usual">What it is where none is named.</param>
    public ArchitectureOption(string usual)
    {
        _name = new("--architecture")
        {
            HelpName = "NAME",
            Description = $"The network: {string.Join(", ", _names)}. Default: {usual}.",
        };
        _name.AcceptOnlyFromAmong(_names);
    }

    public Option Option => _name;

    /// <summary>The network that was named; null where none was.</summary>
    public ResNetArchitecture? Get(ParseResult parsed) => Find(parsed.GetValue(_name));

    /// <inheritdoc cref="Get(ParseResult)"/>
    public ResNetArchitecture? Get(SymbolResult parsed) => Find(parsed.GetValue(_name));

    private static ResNetArchitecture? Find(string? name) => ResNetArchitecture.All.SingleOrDefault(network => network.Name == name);
}
