using System.Text.Json;

namespace ResNetMLNet.Sample;

/// <summary>Files that are either whole or not there: written beside their place and then renamed.</summary>
internal static class OutputFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes a file; ML.NET's own Save(path) would open it before it knows whether the model can be saved.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        // Always of this name, so that the next run takes what a killed one left behind.
        var temporary = $"{path}.tmp";
        try
        {
            using (var stream = File.Create(temporary))
            {
                write(stream);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public static void WriteJson<T>(string path, T value) => Write(path, stream => JsonSerializer.Serialize(stream, value, Json));

    public static void PrintJson<T>(T value) => Console.WriteLine(JsonSerializer.Serialize(value, Json));
}
