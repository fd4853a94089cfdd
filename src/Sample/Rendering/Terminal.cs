using System.Text;
using Spectre.Console;

namespace ResNetMLNet.Sample.Rendering;

/// <summary>Standard output where somebody looks at it.</summary>
internal static class Terminal
{
    private const int UsualLineLength = 120;

    /// <summary>Whether it is a terminal that can be drawn on, and nobody asked for plain text (https://no-color.org).</summary>
    public static bool IsThere =>
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>How long lines may be; where nobody looks at them, as in most windows.</summary>
    public static int LineLength => Console.IsOutputRedirected ? UsualLineLength : Open().Profile.Width;

    public static IAnsiConsole Open() => AnsiConsole.Create(new() { Out = new Output() });

    // As progress elsewhere, it never throws: a terminal may be closed.
    private sealed class Output : IAnsiConsoleOutput
    {
        private const int UsualWidth = 80;
        private const int UsualHeight = 24;

        public TextWriter Writer { get; } = SteadyWriter.Output();

        public bool IsTerminal => true;

        public int Width => Size(() => Console.WindowWidth, UsualWidth);

        public int Height => Size(() => Console.WindowHeight, UsualHeight);

        public void SetEncoding(Encoding encoding)
        {
        }

        private static int Size(Func<int> of, int usual)
        {
            try
            {
                return of() is > 0 and var size ? size : usual;
            }
            catch (IOException)
            {
                return usual;
            }
        }
    }
}
