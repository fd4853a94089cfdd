using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ResNetMLNet.Formats;

/// <summary>JSON documents with a <c>formatVersion</c>, which is raised when an older reader would misunderstand a newer document.</summary>
internal static class VersionedJson
{
    /// <param name="json">The document.</param>
    /// <param name="type">What it is.</param>
    /// <param name="newest">The newest version that can be read.</param>
    /// <param name="version">The version of the document.</param>
    /// <exception cref="NewerFormatException">The document is of a newer version.</exception>
    /// <exception cref="InvalidDataException">The document is damaged; the message says how.</exception>
    public static T Read<T>(string json, JsonTypeInfo<T> type, int newest, out int version)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            version = document.RootElement.GetProperty("formatVersion").GetInt32();
            return version > newest
                ? throw new NewerFormatException(version, newest)
                : document.Deserialize(type) ?? throw new InvalidDataException("it is null");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }
}

/// <summary>A file of a format that only a newer version of the library knows.</summary>
internal sealed class NewerFormatException(int version, int newest)
    : IOException($"it is of format {version}, from a newer version of ResNetMLNet; this one reads up to {newest}");

/// <summary>Plain values as JSON, without reflection.</summary>
internal static class JsonText
{
    public static string Of(IReadOnlyList<string> texts) => JsonSerializer.Serialize(texts, TextJson.Default.IReadOnlyListString);
}

[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class TextJson : JsonSerializerContext;
