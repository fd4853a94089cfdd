using System.CommandLine;
using System.CommandLine.Invocation;
using ResNetMLNet.Sample.Rendering;
using Spectre.Console;

namespace ResNetMLNet.Sample.Commands;

/// <summary>--help: what a command is for, how it is used, its options by groups, and examples.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    private const int LeastWidth = 40;

    // What is asked for help need not be right.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var width = Math.Max(LeastWidth, Terminal.LineLength);
        StandardOutput.Write(output => Write(output, parseResult.CommandResult.Command, width));
        return 0;
    }

    /// <summary>Writes the help of a command.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="command">The command.</param>
    /// <param name="width">The longest line.</param>
    public static void Write(TextWriter output, Command command, int width)
    {
        Paragraph(output, command.Description!, width);
        output.WriteLine();
        output.WriteLine($"Usage: {Usage(command)}");
        if (command is Verb verb)
        {
            Section(output, "Arguments", verb.Arguments.Select(argument => (Placeholder(argument), argument.Description!)), width);
            foreach (var (heading, options) in verb.Groups)
            {
                Section(output, heading, options.Select(option => (Name(option), option.Description!)), width);
            }

            Lines(output, "Examples", verb.Examples.Select(example => $"{ProgramName.Short} {example}"));
            return;
        }

        Section(output, "Commands", command.Subcommands.Select(each => (each.Name, each.Description!)), width);
        Lines(output, "Examples", command.Subcommands.OfType<Verb>().SelectMany(each => each.Examples.Take(1))
            .Select(example => $"{ProgramName.Short} {example}"));
        output.WriteLine();
        output.WriteLine($"{ProgramName.Short} COMMAND --help says more of a command.");
    }

    private static string Usage(Command command) => command is Verb verb
        ? string.Join(' ', (string[])[ProgramName.Short, verb.Name, "[options]", .. verb.Arguments.Select(Placeholder)])
        : $"{ProgramName.Short} [command] [options]";

    private static string Placeholder(Argument argument) =>
        $"{argument.Name.ToUpperInvariant()}{(argument.Arity.MaximumNumberOfValues > 1 ? "..." : "")}";

    private static string Name(Option option) => $"{option.Name} {option.HelpName}".TrimEnd();

    private static void Lines(TextWriter output, string heading, IEnumerable<string> lines)
    {
        output.WriteLine();
        output.WriteLine(heading);
        foreach (var line in lines)
        {
            output.WriteLine($"  {line}");
        }
    }

    private static void Section(TextWriter output, string heading, IEnumerable<(string Name, string Description)> rows, int width)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(2)).AddColumn(new GridColumn().PadRight(0));
        foreach (var (name, description) in rows)
        {
            grid.AddRow(new Text(name), new Text(description));
        }

        if (grid.Rows.Count > 0)
        {
            output.WriteLine();
            output.WriteLine(heading);
            Render(output, grid, width);
        }
    }

    private static void Paragraph(TextWriter output, string text, int width) => Render(output, new Text(text), width);

    private static void Render(TextWriter output, Spectre.Console.Rendering.IRenderable text, int width)
    {
        var rendered = new StringWriter();
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(rendered) });
        console.Profile.Width = width;
        console.Write(text);
        foreach (var line in rendered.ToString().TrimEnd().Split('\n'))
        {
            output.WriteLine(line.TrimEnd());
        }
    }
}
