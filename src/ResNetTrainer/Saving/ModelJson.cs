using System.Text.Json;
using System.Text.Json.Serialization;

namespace ResNetMLNet.Saving;

/// <summary>How the headers are written, and what of them is refused.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    WriteIndented = true,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(ModelHeader))]
[JsonSerializable(typeof(FeaturesHeader))]
[JsonSerializable(typeof(HeatMapHeader))]
internal sealed partial class ModelJson : JsonSerializerContext;
