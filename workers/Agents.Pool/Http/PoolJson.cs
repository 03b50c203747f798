using System.Text.Json;
using System.Text.Json.Serialization;
using Agents.Contracts.Pool;
using Agents.Pool.Figures;

namespace Agents.Pool.Http;

sealed record HealthLine(string Status, string Pool);

sealed record ModelLines(string Object, IReadOnlyList<ModelLine> Data);

sealed record ModelLine(
    string Id, string Object, long Created, [property: JsonPropertyName("owned_by")] string OwnedBy,
    [property: JsonPropertyName("max_model_len")] int? MaxModelLen);

sealed record ErrorLine(ErrorBody Error);

/// <summary>OpenAI's form of an error; its members are there even where they are null.</summary>
sealed record ErrorBody(
    string Message, string Type, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);

/// <summary>The JSON of a pool's own routes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(WorkerReport))]
[JsonSerializable(typeof(PoolAnswer))]
[JsonSerializable(typeof(RunHintBody))]
[JsonSerializable(typeof(PoolView))]
[JsonSerializable(typeof(HealthLine))]
[JsonSerializable(typeof(ModelLines))]
[JsonSerializable(typeof(ErrorLine))]
sealed partial class PoolJson : JsonSerializerContext
{
    static readonly Lazy<PoolJson> s_plain = new(() => new PoolJson(new JsonSerializerOptions(Default!.Options)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    }));

    /// <summary>Same as Default, but writes readable characters as they are.</summary>
    public static PoolJson Plain => s_plain.Value;
}
