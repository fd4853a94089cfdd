using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ResNetMLNet.Formats;

/// <summary>JSON documents with a <c>formatVersion</c>, raised when an older reader would misunderstand a newer document.</summary>
internal static class VersionedJson
{
    // Far more than the names of a million classes take; a document of nothing but brackets and quotes would become fifty times its size.
    private const int MostTokens = 4_000_000;

    /// <inheritdoc cref="Read{T}(ReadOnlySpan{byte}, JsonTypeInfo{T}, int, out int)"/>
    public static T Read<T>(string json, JsonTypeInfo<T> type, int newest, out int version) =>
        Read(Encoding.UTF8.GetBytes(json), type, newest, out version);

    /// <param name="json">The document, in UTF-8.</param>
    /// <param name="type">What it is.</param>
    /// <param name="newest">The newest version that can be read.</param>
    /// <param name="version">The version of the document.</param>
    /// <exception cref="NewerFormatException">The document is of a newer version.</exception>
    /// <exception cref="InvalidDataException">The document is damaged; the message says how.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type, int newest, out int version)
    {
        try
        {
            version = VersionOf(json);
            return version > newest
                ? throw new NewerFormatException(version, newest)
                : JsonSerializer.Deserialize(json, type) ?? throw new InvalidDataException("it is null");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    // Reads the document to its end without making anything of it.
    private static int VersionOf(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        int? version = null;
        for (var tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == MostTokens)
            {
                throw new InvalidDataException($"it has more than {MostTokens:N0} names and values");
            }

            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("formatVersion"u8))
            {
                reader.Read();
                version = reader.GetInt32();
            }
        }

        return version ?? throw new InvalidDataException("it has no formatVersion");
    }
}

/// <summary>A file of a format that only a newer version of the library knows.</summary>
internal sealed class NewerFormatException(int version, int newest)
    : IOException($"it is of format {version}, from a newer version of ResNetMLNet; this one reads up to {newest}");

/// <summary>Plain values as JSON, without reflection.</summary>
internal static class JsonText
{
    public static string Of(IReadOnlyList<string> texts) => JsonSerializer.Serialize(texts, TextJson.Default.IReadOnlyListString);

    public static string Of(IReadOnlyList<float> numbers) => JsonSerializer.Serialize(numbers, TextJson.Default.IReadOnlyListSingle);

    /// <summary>The texts of an array; null where it is none.</summary>
    public static IReadOnlyList<string>? ToTexts(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TextJson.Default.IReadOnlyListString);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <exception cref="ArgumentException">It is not an array of numbers.</exception>
    public static IReadOnlyList<float> ToNumbers(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TextJson.Default.IReadOnlyListSingle) ?? [];
        }
        catch (JsonException e)
        {
            throw new ArgumentException(e.Message, nameof(json), e);
        }
    }
}

[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<float>))]
internal sealed partial class TextJson : JsonSerializerContext;
