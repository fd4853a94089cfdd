using System.CommandLine;
using System.CommandLine.Parsing;

namespace ResNetMLNet.Sample.Commands;

/// <summary>A command whose options stand in groups and that shows how it is used.</summary>
internal sealed class Verb : Command
{
    private readonly List<(string Heading, Option[] Options)> _groups = [];

    public IReadOnlyList<(string Heading, Option[] Options)> Groups => _groups;

    /// <summary>What somebody might type, behind the name of the program.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    public Verb(string name, string description)
        : base(name, description) => Validators.Add(RefuseOptionsAsValues);

    /// <summary>Adds options under a heading.</summary>
    public void Add(string heading, params Option[] options)
    {
        _groups.Add((heading, options));
        Array.ForEach(options, Add);
    }

    /// <summary>Adds a check of options together, for which each of them has its value.</summary>
    public void Check(Action<CommandResult> check) => Validators.Add(result =>
    {
        // One without is an error already, and cannot be asked for it.
        if (Given(result).All(each => each.Tokens.Count >= each.Option.Arity.MinimumNumberOfValues))
        {
            check(result);
        }
    });

    // --checkpoint --resume: the folder was forgotten, and is not called "--resume".
    private void RefuseOptionsAsValues(CommandResult result)
    {
        var names = Options.Select(option => option.Name).ToHashSet();
        foreach (var each in Given(result))
        {
            if (each.Tokens.FirstOrDefault(token => names.Contains(token.Value)) is { } taken)
            {
                result.AddError($"{each.Option.Name} needs a value before {taken.Value}.");
            }
        }
    }

    private static IEnumerable<OptionResult> Given(CommandResult result) =>
        result.Children.OfType<OptionResult>().Where(each => !each.Implicit);
}
