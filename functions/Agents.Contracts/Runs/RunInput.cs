using System.Text.Json;

namespace Agents.Contracts.Runs;

/// <summary>
/// Everything a run is pinned to; the input of its ExecutionStarted event. Replay needs nothing else: profile, tools
/// and limits are copied in, so a changed configuration file changes new runs only. Holds no secret: keys are named.
/// </summary>
public sealed record RunInput
{
    public required string Name { get; init; }

    /// <summary>System message; null for none.</summary>
    public string? System { get; init; }

    /// <summary>First user message.</summary>
    public required string Goal { get; init; }
    public required ModelProfile Model { get; init; }
    public IReadOnlyList<ToolSpec> Tools { get; set; } = [];
    public RunLimits Limits { get; set; } = new();
    public ContextPolicy Context { get; set; } = new();

    /// <summary>JSON schema the final answer must meet; null for free text.</summary>
    public JsonElement? OutputSchema { get; init; }

    /// <summary>Settings of the tools (root folder, allow lists, MCP servers), read by the tool catalogue only.</summary>
    public ToolSettings ToolSettings { get; set; } = new();

    /// <summary>Who the run belongs to.</summary>
    public string Tenant { get; set; } = "default";

    /// <summary>Whether somebody waits for it; a pool of model workers serves interactive calls first. Null: interactive.</summary>
    public RunClass? Class { get; init; }

    /// <summary>What to do with reasoning text: store, redact or drop.</summary>
    public ReasoningPolicy Reasoning { get; init; }
}

/// <summary>Whether somebody waits for a run.</summary>
public enum RunClass
{
    Interactive = 0,
    Batch = 1,
}

public enum ReasoningPolicy
{
    Store = 0,

    /// <summary>Sent back to the model within the run, hidden from readers of stream and history.</summary>
    Redact = 1,

    /// <summary>Not kept. Models that require it in a tool loop cannot be used with this policy.</summary>
    Drop = 2,
}

/// <summary>A tool as this run sees it. The name is 1 to 64 characters of [A-Za-z0-9_-].</summary>
public sealed record ToolSpec
{
    public required string Name { get; init; }
    public string Description { get; set; } = "";

    /// <summary>JSON schema of the arguments.</summary>
    public required JsonElement Parameters { get; init; }
    public Effects.EffectClass Effect { get; set; } = Effects.EffectClass.AtMostOnce;

    /// <summary>Who runs it: "builtin", "http", "mcp:SERVER", "method" (C#), "activity" (a connected worker).</summary>
    public string Source { get; set; } = "builtin";

    /// <summary>Name at the source where it differs (MCP names are mapped to what providers accept).</summary>
    public string? SourceName { get; init; }

    /// <summary>May run beside other calls of the same step. Calls that may not are run alone, in order.</summary>
    public bool Parallel { get; init; }

    /// <summary>Queue that calls of this tool wait in, NAME or NAME/KEY (docs/queues.md); null: none of their own.</summary>
    public string? Queue { get; init; }

    /// <summary>Source "activity" only: which activity of a connected worker it is.</summary>
    public ActivityTool? Activity { get; init; }
}

/// <summary>A tool that is an activity of a worker of any Durable Task SDK. The arguments are the activity's input.</summary>
public sealed record ActivityTool
{
    /// <summary>Name the worker registered it under.</summary>
    public required string Name { get; init; }

    /// <summary>Only workers that take this version are asked; null: the version is empty.</summary>
    public string? Version { get; init; }

    /// <summary>Property of the input in which the worker finds the idempotency key; null: no such property.</summary>
    public string? KeyAs { get; init; }

    /// <summary>A worker that has the call and does not answer for this long is given up on.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Activity that tells by key whether an earlier call happened; null: a person decides.</summary>
    public string? Probe { get; init; }

    /// <summary>A failure is tried again a few times before the model reads it. Never for AtMostOnce.</summary>
    public bool Retry { get; init; }
}

/// <summary>Bounds of a run; reaching one ends it with the stop reason of that name.</summary>
public sealed record RunLimits
{
    public int Steps { get; set; } = 300;
    public int ToolCalls { get; set; } = 3000;
    public long? Tokens { get; init; }
    public decimal? Usd { get; init; }
    public TimeSpan? WallTime { get; init; }

    /// <summary>Output tokens of one model call; null means the profile's maximum.</summary>
    public int? OutputTokensPerStep { get; init; }

    /// <summary>Tool calls of one step that may run at once.</summary>
    public int ParallelToolCalls { get; set; } = 8;

    /// <summary>Malformed tool calls (or answers that fail the schema) in a row before the run ends.</summary>
    public int BadCallsInARow { get; set; } = 5;

    /// <summary>Attempts of one model call before the run fails.</summary>
    public int ModelAttempts { get; set; } = 8;
}

/// <summary>How the view is kept inside the model's window; never touches the stored transcript.</summary>
public sealed record ContextPolicy
{
    /// <summary>"hide_tool_results", "discard_all" or "none".</summary>
    public string Kind { get; set; } = "hide_tool_results";

    /// <summary>Tokens of the view at which hiding or discarding starts; null means window - output - margin.</summary>
    public long? TriggerTokens { get; init; }

    /// <summary>"discard_all": steps the view shows at most, whatever their tokens; null for no such bound.</summary>
    public int? TriggerSteps { get; init; }

    /// <summary>Latest tool results ("discard_all": steps, at least one) that stay.</summary>
    public int KeepLast { get; set; } = 3;

    /// <summary>Tokens one application must free, so that the cached prefix breaks rarely.</summary>
    public long ClearAtLeast { get; set; } = 8_000;

    /// <summary>Tools whose results are never hidden.</summary>
    public IReadOnlyList<string> Exclude { get; set; } = [];
}

/// <summary>Settings of the built-in tools, HTTP tools and MCP servers. Secrets only by environment variable name.</summary>
public sealed record ToolSettings
{
    /// <summary>Absolute path of the folder that file tools are confined to.</summary>
    public string? Root { get; init; }

    /// <summary>Absolute path of the folder that outputs (digest, findings) are written to; null means the root.</summary>
    public string? Out { get; init; }

    /// <summary>Name of the run's main output file in that folder, for tools that write one; null: each tool's own name.</summary>
    public string? OutFile { get; init; }

    /// <summary>Relative paths below the root that the list tool leaves out (globs).</summary>
    public IReadOnlyList<string> Exclude { get; set; } = [];

    /// <summary>Relative paths (globs) the list tool is limited to; empty means all.</summary>
    public IReadOnlyList<string> Include { get; set; } = [];

    /// <summary>Hosts http_fetch and HTTP tools may reach: "example.org", "*.example.org", "127.0.0.1:8080".</summary>
    public IReadOnlyList<string> HttpAllow { get; set; } = [];

    public IReadOnlyDictionary<string, McpServerSettings> McpServers { get; set; } =
        new Dictionary<string, McpServerSettings>();

    public IReadOnlyDictionary<string, HttpToolSettings> HttpTools { get; set; } =
        new Dictionary<string, HttpToolSettings>();

    /// <summary>Bytes of UTF-8 above which a tool result is offloaded to an artifact.</summary>
    public int OffloadBytes { get; set; } = 32_768;

    /// <summary>
    /// The settings as they hold for <paramref name="run"/>, whose input was written for <paramref name="madeFor"/>: a
    /// fork shares the input of the run it came from, whose run identity this may also be. An output folder named after that run is not shared.
    /// </summary>
    public ToolSettings For(string run, string? madeFor) =>
        madeFor is not null && madeFor != run && Out is { } output && Path.GetFileName(output) == madeFor.Split('/')[0]
            ? this with { Out = Path.Combine(Path.GetDirectoryName(output) ?? "", run) }
            : this;
}

/// <summary>An MCP server: <see cref="Command"/> for stdio or <see cref="Url"/> for streamable HTTP.</summary>
public sealed record McpServerSettings
{
    public string? Command { get; init; }
    public IReadOnlyList<string> Args { get; set; } = [];

    /// <summary>Variables of the server's environment: value "$NAME" copies NAME of ours; nothing else is inherited.</summary>
    public IReadOnlyDictionary<string, string> Env { get; set; } = new Dictionary<string, string>();
    public string? Url { get; init; }

    /// <summary>Headers by reference: header name to environment variable name.</summary>
    public IReadOnlyDictionary<string, string> HeaderEnv { get; set; } = new Dictionary<string, string>();
    public string? ProtocolVersion { get; init; }

    /// <summary>Effect class by the server's tool name; hints of the server are only hints.</summary>
    public IReadOnlyDictionary<string, Effects.EffectClass> Effects { get; set; } =
        new Dictionary<string, Effects.EffectClass>();
}

/// <summary>A tool that is an HTTP endpoint: the arguments go as a JSON body, the idempotency key as Idempotency-Key.</summary>
public sealed record HttpToolSettings
{
    public required string Url { get; init; }
    public string Method { get; set; } = "POST";

    /// <summary>Reconcile probe: GET of this address with "{key}" replaced; 200 = happened (body = result), 404 = absent.</summary>
    public string? ProbeUrl { get; init; }

    /// <summary>The probe fences: once it has answered "absent" the earlier attempt can no longer act.</summary>
    public bool ProbeFences { get; init; }
    public IReadOnlyDictionary<string, string> HeaderEnv { get; set; } = new Dictionary<string, string>();
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(60);
}
