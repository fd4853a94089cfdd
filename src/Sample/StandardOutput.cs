using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ResNetMLNet.Sample;

/// <summary>
/// The results of a command. Unlike progress, they are what the command is for: not to be able to print them is a failure.
/// </summary>
internal static class StandardOutput
{
    /// <exception cref="IOException">Standard output is full or closed.</exception>
    public static void Write(Action<TextWriter> write)
    {
        var text = new StringWriter();
        write(text);
        try
        {
            Console.Out.Write(text.ToString());
            Console.Out.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Standard output cannot be written to: {e.Message}", e);
        }
    }

    public static void WriteJson<T>(T value, JsonTypeInfo<T> type) =>
        Write(output => output.WriteLine(JsonSerializer.Serialize(value, type)));
}
