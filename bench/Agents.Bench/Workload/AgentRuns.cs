using System.Globalization;
using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Loop;

namespace Agents.Bench.Workload;

/// <summary>
/// What one run of the workload is: model call, tool call, model call … <paramref name="Length"/> activities in all, each
/// with a result of <paramref name="Bytes"/> (the model's arguments included). It ends by its step limit, so that there
/// is no closing model call and the count is exact.
/// </summary>
sealed record AgentRuns(int Length, int Bytes, EffectClass Effect)
{
    public const string Tool = "look";

    static readonly JsonElement s_parameters = JsonDocument.Parse(
        """{"type":"object","properties":{"place":{"type":"string"}},"required":["place"]}""").RootElement;

    public int Steps => Length / 2;

    /// <summary>Raw bytes that a run must keep: every result and every argument.</summary>
    public long Payload => (long)Bytes * Steps * 2;

    public StartRequest Start(string id) => new()
    {
        Id = new InstanceId(id),
        Name = AgentRun.Name,
        Version = AgentRun.Version,
        Input = JsonSerializer.Serialize(Input(), ContractsJson.Plain.RunInput),
    };

    public static string Arguments(int step) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"place":"part {{step}}"}""");

    RunInput Input() => new()
    {
        Name = "agent-300",
        Goal = "Look through the sources and mend what is broken.",
        Model = new ModelProfile
        {
            Name = "bench", BaseUrl = "http://127.0.0.1:9/v1", Model = "bench", ContextTokens = 1 << 20,
        },
        Tools =
        [
            new ToolSpec
            {
                Name = Tool, Description = "Looks at a place.", Parameters = s_parameters, Effect = Effect, Source = "method",
            },
        ],
        Limits = new RunLimits { Steps = Steps, ToolCalls = Length },
        Context = new ContextPolicy { Kind = "none" },
    };
}
