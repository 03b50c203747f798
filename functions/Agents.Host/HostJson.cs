using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Agents.Host.Composition;
using Agents.Host.Proof;
using Agents.Host.Terminal;
using Agents.Host.Verbs;
using Agents.Host.Verification;

namespace Agents.Host;

/// <summary>JSON that only the command line writes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(SightedEffect))]
[JsonSerializable(typeof(RunLine))]
[JsonSerializable(typeof(ErrorLine))]
[JsonSerializable(typeof(ReplayAnswer))]
[JsonSerializable(typeof(ProofReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(CommandLineAnswer))]
[JsonSerializable(typeof(UpLine))]
[JsonSerializable(typeof(RetentionAnswer))]
[JsonSerializable(typeof(ModelServeLine))]
[JsonSerializable(typeof(PoolLine))]
[JsonSerializable(typeof(VerificationReport))]
[JsonSerializable(typeof(WorkerLine))]
sealed partial class HostJson : JsonSerializerContext
{
    static readonly Lazy<HostJson> s_plain = new(() => new HostJson(new JsonSerializerOptions(Default!.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    }));

    public static HostJson Plain => s_plain.Value;
}
