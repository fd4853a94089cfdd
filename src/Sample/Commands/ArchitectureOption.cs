using System.CommandLine;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--architecture: a network of the family by its name.</summary>
internal sealed class ArchitectureOption
{
    private readonly Option<string> _name = new("--architecture")
    {
        Description = "The network.",
        DefaultValueFactory = _ => ResNetArchitecture.ResNet18.Name,
    };

    public ArchitectureOption() => _name.AcceptOnlyFromAmong([.. ResNetArchitecture.All.Select(network => network.Name)]);

    public void AddTo(Command command) => command.Add(_name);

    public ResNetArchitecture Get(ParseResult parsed) => ResNetArchitecture.All.Single(network => network.Name == parsed.GetValue(_name));
}
