using System.Text.Json;
using System.Text.Json.Serialization;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Contracts;

/// <summary>The one JSON form of our nouns: camelCase, nulls left out, enums by name, readable characters unescaped.</summary>
/// <remarks>
/// A property with a default has <c>set</c>, not <c>init</c>: generated readers give a missing <c>init</c> property null
/// or 0 whatever its initialiser says, and a run stored before a property existed must read with the default.
/// </remarks>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(RunInput))]
[JsonSerializable(typeof(RunOutput))]
[JsonSerializable(typeof(ModelProfile))]
[JsonSerializable(typeof(ModelReply))]
[JsonSerializable(typeof(ToolReply))]
[JsonSerializable(typeof(EffectResolution))]
[JsonSerializable(typeof(LedgerEntry))]
[JsonSerializable(typeof(IReadOnlyList<LedgerEntry>))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(List<string>))]
public sealed partial class ContractsJson : JsonSerializerContext
{
    static readonly Lazy<ContractsJson> s_plain = new(() => new ContractsJson(new JsonSerializerOptions(Default!.Options)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    }));

    /// <summary>Same as Default, but writes non-ASCII text as it is: smaller, and readable in a history.</summary>
    public static ContractsJson Plain => s_plain.Value;
}
