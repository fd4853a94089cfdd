using System.CommandLine;
using System.CommandLine.Parsing;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--architecture: a network of the family by its name.</summary>
internal sealed class ArchitectureOption
{
    private readonly Option<string> _name =
        new("--architecture") { Description = $"The network. Default: {ResNetArchitecture.BookResNet18.Name}." };

    public ArchitectureOption() => _name.AcceptOnlyFromAmong([.. ResNetArchitecture.All.Select(network => network.Name)]);

    public void AddTo(Command command) => command.Add(_name);

    /// <summary>The network that was named; null where none was.</summary>
    public ResNetArchitecture? Get(ParseResult parsed) => Find(parsed.GetValue(_name));

    /// <inheritdoc cref="Get(ParseResult)"/>
    public ResNetArchitecture? Get(SymbolResult parsed) => Find(parsed.GetValue(_name));

    private static ResNetArchitecture? Find(string? name) => ResNetArchitecture.All.SingleOrDefault(network => network.Name == name);
}
