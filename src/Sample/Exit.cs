using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;

namespace ResNetMLNet.Sample;

/// <summary>Runs a command and says by the exit status how it went: 0 done, 1 failed, 2 wrong usage, 130 cancelled.</summary>
internal static class Exit
{
    public const int Failed = 1;
    public const int WrongUsage = 2;
    public const int Cancelled = 130;

    public static int Run(RootCommand root, string[] args)
    {
        var error = SteadyWriter.Error();
        var who = DistributedProcess.IsFirst ? "" : $"rank {DistributedProcess.Rank}: ";

        // The name of a file may begin with @.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var problem in parsed.Errors)
            {
                error.WriteLine(PlainText.OneLine(problem.Message));
            }

            foreach (var hint in Suggestions(parsed))
            {
                error.WriteLine(hint);
            }

            error.WriteLine($"{ProgramName.Short} {parsed.CommandResult.Command.Name} --help says more.".Replace(
                $"{ProgramName.Short} {root.Name} ", $"{ProgramName.Short} "));
            return WrongUsage;
        }

        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            return parsed.Invoke(invocation);
        }
        catch (OperationCanceledException)
        {
            error.WriteLine($"{who}Cancelled.");
            return Cancelled;
        }
        catch (Exception e)
        {
            error.WriteLine($"{who}{OptionNames.OfCommand(parsed, Explain(e))}");
            return Failed;
        }
    }

    // What the library has to say of words that are nearly right.
    private static IEnumerable<string> Suggestions(ParseResult parsed)
    {
        if (parsed.Action is not ParseErrorAction action)
        {
            return [];
        }

        action.ShowHelp = false;
        var (output, error) = (new StringWriter(), new StringWriter());
        parsed.Invoke(new() { Output = output, Error = error });

        // It begins with the word that was typed. Help is always near, and no answer to what is only a value.
        return Regex.Split(output.ToString(), @"^(?=')", RegexOptions.Multiline).Select(text => PlainText.OneLine(text).Trim())
            .Where(hint => hint.Length > 0 && !hint.EndsWith("? -h", StringComparison.Ordinal));
    }

    /// <summary>An error in one line: the outermost message that is more than a wrapper around the next.</summary>
    public static string Explain(Exception e)
    {
        e = Unwrapped(e);
        const string Pointer = ", see inner exception.";
        var message = e.InnerException is { } cause && e.Message.EndsWith(Pointer, StringComparison.Ordinal)
            ? $"{e.Message[..^Pointer.Length]}. {Explain(cause)}"
            : e.Message;

        // libtorch puts its stack trace into its messages.
        var trace = message.IndexOf("\nException raised from ", StringComparison.Ordinal);
        return PlainText.OneLine(OptionNames.InCommandLine(trace < 0 ? message : message[..trace]));
    }

    /// <summary>The outermost error that is more than a wrapper around the next.</summary>
    public static Exception Unwrapped(Exception e) => IsWrapper(e) && e.InnerException is { } inner ? Unwrapped(inner) : e;

    // What reflection, and ML.NET when it loads a model or reads rows in parallel, put around an error without saying more about it.
    private static bool IsWrapper(Exception e) =>
        e is System.Reflection.TargetInvocationException or AggregateException or TypeInitializationException
        || e.Message is "Error during class instantiation"
            or "Splitter/consolidator worker encountered exception while consuming source data";
}
