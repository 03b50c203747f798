using System.Text.Json.Serialization;

namespace Agents.Api;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(IReadOnlyList<ModelView>))]
public sealed partial class ApiJson : JsonSerializerContext;
