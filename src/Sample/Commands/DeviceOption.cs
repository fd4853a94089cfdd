using System.CommandLine;
using System.Globalization;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--device: auto, cpu, cuda, cuda:n.</summary>
internal sealed class DeviceOption
{
    private readonly Option<string> _name = new("--device")
    {
        HelpName = "auto|cpu|cuda|cuda:N",
        Description = "Where to compute; auto takes a GPU where there is one. Default: auto.",
        DefaultValueFactory = _ => "auto",
    };

    public DeviceOption() => _name.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<string>() is { } text && Parse(text) is null)
        {
            result.AddError($"--device is '{text}', but it must be auto, cpu, cuda or cuda:n.");
        }
    });

    public Option Option => _name;

    public (ComputeDevice Device, int? Gpu) Get(ParseResult parsed) => Parse(parsed.GetValue(_name)!)!.Value;

    private static (ComputeDevice Device, int? Gpu)? Parse(string text) => text.ToLowerInvariant() switch
    {
        "auto" => (ComputeDevice.Auto, null),
        "cpu" => (ComputeDevice.Cpu, null),
        "cuda" => (ComputeDevice.Cuda, null),
        _ when text.StartsWith("cuda:", StringComparison.OrdinalIgnoreCase)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var gpu) => (ComputeDevice.Cuda, gpu),
        _ => null,
    };
}
