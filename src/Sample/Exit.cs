using System.CommandLine;

namespace ResNetMLNet.Sample;

/// <summary>Runs a command and says by the exit status how it went: 0 done, 1 failed, 2 wrong usage, 130 cancelled.</summary>
internal static class Exit
{
    public const int Cancelled = 130;

    public static async Task<int> Run(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Console.Error.WriteLine(error.Message);
            }

            Console.Error.WriteLine("Use --help to see the commands and options.");
            return 2;
        }

        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, key) =>
        {
            // The first Ctrl+C ends at the next step, a second one at once.
            key.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        };

        try
        {
            return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Cancelled.");
            return Cancelled;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(Explain(e));
            return 1;
        }
    }

    /// <summary>
    /// An error in one line. ML.NET wraps what is thrown while a model is loaded, so the innermost exception knows best; but one about
    /// the native library explains what the loader's own message inside it does not.
    /// </summary>
    public static string Explain(Exception e)
    {
        for (; e is not DllNotFoundException && e.InnerException is { } inner; e = inner)
        {
        }

        return e.Message.ReplaceLineEndings(" ");
    }
}
