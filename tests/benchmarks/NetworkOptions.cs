using System.CommandLine;

namespace ResNetMLNet.Benchmarks;

/// <summary>Any network by its name, deeper, narrower or wider where that is asked for.</summary>
internal sealed class NetworkOptions
{
    private readonly Option<string> _name =
        new("--architecture") { DefaultValueFactory = _ => ResNetArchitecture.BookResNet18.Name };

    private readonly Option<int[]> _depths =
        new("--depths") { Description = "The blocks of each stage, three or four.", AllowMultipleArgumentsPerToken = true };

    private readonly Option<int?> _width = new("--width") { Description = "The channels of the first stage." };

    private readonly Option<double> _widen =
        new("--widen") { Description = "How many times as wide: 2 for twice, 0.5 for half.", DefaultValueFactory = _ => 1 };

    public NetworkOptions() => _name.AcceptOnlyFromAmong([.. ResNetArchitecture.All.Select(network => network.Name)]);

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_name, _depths, _width, _widen])
        {
            command.Add(option);
        }
    }

    public ResNetArchitecture Get(ParseResult parsed)
    {
        var network = ResNetArchitecture.All.Single(network => network.Name == parsed.GetValue(_name));
        return network with
        {
            Depths = parsed.GetValue(_depths) switch
            {
                null or [] => network.Depths,
                [var first, var second, var third] => new(first, second, third),
                [var first, var second, var third, var fourth] => new(first, second, third, fourth),
                _ => throw new ArgumentException("--depths takes three or four numbers."),
            },
            Width = (int)((parsed.GetValue(_width) ?? network.Width) * parsed.GetValue(_widen)),
        };
    }
}
