using System.CommandLine;
using System.CommandLine.Parsing;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--architecture: a network of the family by its name.</summary>
internal sealed class ArchitectureOption
{
    private static readonly string[] _names = [.. ResNetArchitecture.All.Select(network => network.Name)];

    private readonly Option<string> _name = new("--architecture")
    {
        HelpName = "NAME",
        Description = $"The network: {string.Join(", ", _names)}. "
            + $"Default: {ResNetArchitecture.NarrowResNet18.Name} for images of up to 40 pixels a side "
            + $"({ResNetArchitecture.HalfResNet18.Name} with --recipe best), "
            + $"else (and with --recipe book) {ResNetArchitecture.BookResNet18.Name}.",
    };

    public ArchitectureOption() => _name.AcceptOnlyFromAmong(_names);

    public Option Option => _name;

    /// <summary>The network that was named; null where none was.</summary>
    public ResNetArchitecture? Get(ParseResult parsed) => Find(parsed.GetValue(_name));

    /// <inheritdoc cref="Get(ParseResult)"/>
    public ResNetArchitecture? Get(SymbolResult parsed) => Find(parsed.GetValue(_name));

    private static ResNetArchitecture? Find(string? name) => ResNetArchitecture.All.SingleOrDefault(network => network.Name == name);
}
