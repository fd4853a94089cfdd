using System.Text;

namespace ResNetMLNet.Sample;

/// <summary>A writer that never throws: what is said beside the point must not end the work when a disk is full or a pipe closed.</summary>
internal sealed class SteadyWriter(TextWriter inner) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public static TextWriter Output() => Open(() => Console.Out);

    public static TextWriter Error() => Open(() => Console.Error);

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private static TextWriter Open(Func<TextWriter> console)
    {
        try
        {
            return new SteadyWriter(console());
        }
        catch (IOException)
        {
            return Null;
        }
    }

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
        }
    }
}
