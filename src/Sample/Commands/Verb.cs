using System.CommandLine;

namespace ResNetMLNet.Sample.Commands;

/// <summary>A command whose options stand in groups and that shows how it is used.</summary>
internal sealed class Verb(string name, string description) : Command(name, description)
{
    private readonly List<(string Heading, Option[] Options)> _groups = [];

    public IReadOnlyList<(string Heading, Option[] Options)> Groups => _groups;

    /// <summary>What somebody might type, behind the name of the program.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>Adds options under a heading.</summary>
    public void Add(string heading, params Option[] options)
    {
        _groups.Add((heading, options));
        Array.ForEach(options, Add);
    }
}
