using System.Text.Json;
using System.Text.Json.Serialization;
using ResNetMLNet.Sample.Commands;
using ResNetMLNet.Sample.Scoring;

namespace ResNetMLNet.Sample;

/// <summary>What the sample writes as JSON, without reflection, so that it can be trimmed.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(TrainingMetrics))]
[JsonSerializable(typeof(Evaluation))]
[JsonSerializable(typeof(IReadOnlyList<Prediction>))]
[JsonSerializable(typeof(IReadOnlyList<Explanation>))]
internal sealed partial class SampleJson : JsonSerializerContext;
