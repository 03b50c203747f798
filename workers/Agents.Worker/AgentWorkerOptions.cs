using Agents.Replay;
using Agents.Replay.Versioning;
using Agents.Worker.Activities;

namespace Agents.Worker;

/// <summary>What a worker is made of. Checked once, when the worker is made.</summary>
public sealed record AgentWorkerOptions
{
    public required TimeProvider Clock { get; init; }

    /// <summary>What sends requests to a model's address; a host name may be bound to a Unix socket (ModelTransport).</summary>
    public required Func<Uri, HttpMessageInvoker> Models { get; init; }

    /// <summary>What runs tool calls; <see cref="CatalogueTools.By"/> for those of the tool catalogue.</summary>
    public required ToolRunning Tools { get; init; }

    /// <summary>Reads environment variables: keys are named in profiles, looked up at call time and kept nowhere.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Orchestrators besides the agent loop.</summary>
    public IReadOnlyList<OrchestratorRegistration> Orchestrators { get; init; } = [];

    /// <summary>Activities besides CallModel and RunTool.</summary>
    public IReadOnlyList<ActivityRegistration> Activities { get; init; } = [];

    public VersioningOptions? Versioning { get; init; }

    /// <summary>Memory for conversations of hot runs; a run of 250k tokens takes about 2 MB.</summary>
    public long TranscriptBytesMax { get; init; } = 96L << 20;
}
