using System.Text.Json;
using Agents.Client.Runs;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;

namespace Agents.Client.Jobs;

/// <summary>A job file read and checked by itself: everything that needs no look-up. docs/job-file.md has the fields.</summary>
public sealed record JobDraft
{
    static readonly Dictionary<string, ReasoningPolicy> s_reasoning = new()
    {
        ["store"] = ReasoningPolicy.Store, ["redact"] = ReasoningPolicy.Redact, ["drop"] = ReasoningPolicy.Drop,
    };

    static readonly Dictionary<string, string> s_contexts = new()
    {
        ["hide_tool_results"] = "hide_tool_results", ["discard_all"] = "discard_all", ["none"] = "none",
    };

    static readonly Dictionary<string, EffectClass> s_effects = new()
    {
        ["ReadOnly"] = EffectClass.ReadOnly, ["Idempotent"] = EffectClass.Idempotent, ["AtMostOnce"] = EffectClass.AtMostOnce,
    };

    static readonly Dictionary<string, RunClass> s_classes = new() { ["interactive"] = RunClass.Interactive, ["batch"] = RunClass.Batch };

    /// <summary>Of a job that names none.</summary>
    public const string DefaultTenant = "default";

    public required string Name { get; init; }
    public required string Goal { get; init; }
    public string? System { get; init; }
    public string? Id { get; init; }
    public string Tenant { get; init; } = DefaultTenant;
    public RunClass? Class { get; init; }
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
    public RunLimits Limits { get; init; } = new();
    public ContextPolicy Context { get; init; } = new();
    public JsonElement? OutputSchema { get; init; }
    public ReasoningPolicy Reasoning { get; init; }
    public string? Root { get; init; }

    /// <summary>Name of the output file, for {out} in goal and system.</summary>
    public string? OutFile { get; init; }

    /// <summary>Settings without root and out, which need the caller's folders.</summary>
    public ToolSettings Settings { get; init; } = new();

    internal JobNode? Model { get; init; }
    internal JobNode? RootNode { get; init; }
    internal IReadOnlyList<JobNode> Tools { get; init; } = [];
    internal IReadOnlyList<JobNode> OwnerOnly { get; init; } = [];

    /// <summary>Throws <see cref="RunFaultException"/> with line, column and field.</summary>
    public static JobDraft Parse(string text)
    {
        var job = new JobFields(JobNode.Parse(text));
        var http = job.Get("http");
        var servers = job.Get("mcpServers");
        var model = job.Get("model");
        var draft = new JobDraft
        {
            Name = job.Text("name") ?? "run",
            Goal = job.Required("goal"),
            System = job.Text("system"),
            Id = ReadId(job.Get("id")),
            Tenant = job.Text("tenant") ?? DefaultTenant,
            Class = job.OneOf("class", s_classes),
            Tags = job.TextMap("tags"),
            Limits = job.Get("limits") is { } limits ? ReadLimits(new JobFields(limits)) : new RunLimits(),
            Context = job.Get("context") is { } context ? ReadContext(new JobFields(context)) : new ContextPolicy(),
            OutputSchema = ReadSchema(job.Get("outputSchema")),
            Reasoning = job.OneOf("reasoning", s_reasoning) ?? ReasoningPolicy.Store,
            Root = job.Text("root"),
            RootNode = job.Get("root"),
            OutFile = job.Text("outFile"),
            Model = model,
            Tools = job.Get("tools") is { } tools ? SchemaCheck.OfTools(JobFields.ItemsOf(tools)) : [],
            OwnerOnly = [.. new[] { servers, model is { Kind: JsonValueKind.Object } ? model : null, http?["tools"] }.OfType<JobNode>()],
            Settings = new ToolSettings
            {
                Include = job.Texts("include"),
                Exclude = job.Texts("exclude"),
                HttpAllow = http is null ? [] : ReadHttp(new JobFields(http), out _),
                HttpTools = http is null ? new Dictionary<string, HttpToolSettings>() : HttpTools(new JobFields(http)),
                McpServers = servers is null ? new Dictionary<string, McpServerSettings>() : McpServers(servers),
                OffloadBytes = job.Whole("offloadBytes", 1_024, 16 << 20) ?? new ToolSettings().OffloadBytes,
            },
        };
        job.NothingElse();
        return draft;
    }

    static string? ReadId(JobNode? node)
    {
        if (node is null)
        {
            return null;
        }

        var id = JobFields.TextOf(node);
        return InstanceId.IsValid(id) && !id.AsSpan().ContainsAny("/\\?#% ")
            ? id
            : throw JobFields.Wrong(node, "an id of 1 to 100 characters without spaces, slashes, ?, # and %");
    }

    static JsonElement? ReadSchema(JobNode? node) => node switch
    {
        null => null,
        { Kind: JsonValueKind.Object } => SchemaCheck.Checked(node, "AG3003").Json,
        _ => throw JobFields.Wrong(node, "a JSON schema { … }"),
    };

    static RunLimits ReadLimits(JobFields f)
    {
        var none = new RunLimits();
        var limits = new RunLimits
        {
            Steps = f.Whole("steps", 1, 100_000) ?? none.Steps,
            ToolCalls = f.Whole("toolCalls", 0, 1_000_000) ?? none.ToolCalls,
            Tokens = f.Long("tokens", 1, long.MaxValue),
            Usd = f.Decimal("usd", 0),
            WallTime = f.Time("wallTime"),
            OutputTokensPerStep = f.Whole("outputTokensPerStep", 1, 10_000_000),
            ParallelToolCalls = f.Whole("parallelToolCalls", 1, 256) ?? none.ParallelToolCalls,
            BadCallsInARow = f.Whole("badCallsInARow", 1, 100) ?? none.BadCallsInARow,
            ModelAttempts = f.Whole("modelAttempts", 1, 100) ?? none.ModelAttempts,
        };
        f.NothingElse();
        return limits;
    }

    static ContextPolicy ReadContext(JobFields f)
    {
        var none = new ContextPolicy();
        var context = new ContextPolicy
        {
            Kind = f.Get("kind") is { } kind ? JobFields.OneOf(kind, s_contexts) : none.Kind,
            TriggerTokens = f.Long("triggerTokens", 1, long.MaxValue),
            TriggerSteps = f.Whole("triggerSteps", 1, 10_000),
            KeepLast = f.Whole("keepLast", 0, 10_000) ?? none.KeepLast,
            ClearAtLeast = f.Long("clearAtLeast", 0, long.MaxValue) ?? none.ClearAtLeast,
            Exclude = f.Texts("exclude"),
        };
        f.NothingElse();
        return context;
    }

    static IReadOnlyList<string> ReadHttp(JobFields f, out JobNode? tools)
    {
        var allow = f.Texts("allow");
        tools = f.Get("tools");
        f.NothingElse();
        return allow;
    }

    static Dictionary<string, HttpToolSettings> HttpTools(JobFields http)
    {
        ReadHttp(http, out var tools);
        return tools is null ? [] : JobFields.FieldsOf(tools).ToDictionary(t => t.Name, t =>
        {
            var f = new JobFields(t.Node);
            var none = new HttpToolSettings { Url = "" };
            var settings = new HttpToolSettings
            {
                Url = f.Required("url"),
                Method = f.Text("method") ?? none.Method,
                ProbeUrl = f.Text("probeUrl"),
                ProbeFences = f.Flag("probeFences") ?? false,
                HeaderEnv = f.TextMap("headerEnv"),
                Timeout = f.Time("timeout") ?? none.Timeout,
            };
            f.NothingElse();
            return settings;
        });
    }

    static Dictionary<string, McpServerSettings> McpServers(JobNode servers) =>
        JobFields.FieldsOf(servers).ToDictionary(s => s.Name, s =>
        {
            var f = new JobFields(s.Node);
            var settings = new McpServerSettings
            {
                Command = f.Text("command"),
                Args = f.Texts("args"),
                Env = f.TextMap("env"),
                Url = f.Text("url"),
                HeaderEnv = f.TextMap("headerEnv"),
                ProtocolVersion = f.Text("protocolVersion"),
                Effects = f.Get("effects") is { } effects
                    ? JobFields.FieldsOf(effects).ToDictionary(e => e.Name, e => JobFields.OneOf(e.Node, s_effects))
                    : new Dictionary<string, EffectClass>(),
            };
            f.NothingElse();
            return settings.Command is null != settings.Url is null
                ? settings
                : throw JobFields.Wrong(s.Node, "either \"command\" (stdio) or \"url\" (streamable HTTP)");
        });
}
