using System.Text.Json;
using Agents.Contracts.Effects;
using Agents.Contracts.Runs;
using Agents.Tools.Artifacts;
using Agents.Tools.Effects;
using Agents.Tools.Http;
using Agents.Tools.Mcp;
using Agents.Tools.Methods;
using Agents.Tools.Running;
using Agents.Tools.Workers;

namespace Agents.Tools.Catalogue;

/// <summary>
/// All tools this process can run. Resolves what a job names into specs that are pinned in the run, and finds the code
/// behind a pinned spec again. A tool whose effect nobody declared is AtMostOnce.
/// </summary>
public sealed class ToolCatalogue : IAsyncDisposable
{
    const int ToolsMax = 128;
    readonly BuiltIns _builtIns;
    readonly MethodTools _methods;
    readonly HttpTools _http;
    readonly McpServers _mcp;

    public ToolCatalogue(ToolEnvironment environment, MethodTools? methods = null)
    {
        Environment = environment;
        Artifacts = new ArtifactStore(environment.DataDirectory);
        _builtIns = new BuiltIns(environment, Artifacts);
        _methods = methods ?? new MethodTools();
        _http = new HttpTools(environment);
        _mcp = new McpServers(environment);
    }

    public ToolEnvironment Environment { get; }

    public ArtifactStore Artifacts { get; }

    public SchemaCache Schemas { get; } = new();

    /// <summary>Tools that need no settings of a run: built-ins and C# methods.</summary>
    public IEnumerable<ToolSpec> Known => _builtIns.Specs.Concat(_methods.Specs);

    /// <summary>
    /// Resolves a job's tools. "server__*" stands for every tool of an MCP server. read_artifact comes along by itself,
    /// because any result may turn out too long.
    /// </summary>
    public async Task<ToolResolution> ResolveAsync(
        IReadOnlyList<JsonElement> entries, ToolSettings settings, CancellationToken cancel)
    {
        var resolving = new Resolving();
        for (var index = 0; index < entries.Count; index++)
        {
            try
            {
                await ResolveOneAsync(ToolEntry.Read(entries[index], index), settings, resolving, cancel);
            }
            catch (ToolFaultException e)
            {
                resolving.Problems.Add(new ToolProblem(e.Code, e.Detail));
            }
        }

        if (resolving.Tools.Count > 0 && resolving.Tools.All(t => t.Name != "read_artifact"))
        {
            resolving.Tools.Add(_builtIns.Find("read_artifact")!.Spec);
        }

        if (resolving.Tools.Count > ToolsMax)
        {
            resolving.Problems.Add(new ToolProblem(
                ToolErrors.BadToolEntry, $"the run names {resolving.Tools.Count} tools; {ToolsMax} is the most"));
        }

        return new ToolResolution(resolving.Tools, resolving.Notes, resolving.Problems);
    }

    /// <summary>The code behind a pinned spec; a fault when this process does not have it.</summary>
    internal ITool Find(ToolSpec spec, ToolSettings settings)
    {
        var name = spec.SourceName ?? spec.Name;
        ITool? tool = spec.Source switch
        {
            "builtin" => _builtIns.Find(name),
            "method" => _methods.Find(name) is { } method ? new ObservedTool(method, Environment) : null,
            "http" => _http.Find(spec, settings),
            ActivityEntry.Source when spec.Activity is { } activity => activity.Probe is { } probe
                ? new ProbedWorkerTool(spec, Environment, activity, probe)
                : new WorkerTool(spec, Environment, activity),
            _ when McpServers.ServerOf(spec.Source) is { } server => _mcp.Find(server, spec, settings),
            _ => null,
        };
        return tool ?? throw new ToolFaultException(
            ToolErrors.UnknownTool,
            $"the run's tool '{spec.Name}' comes from '{spec.Source}', and this process has no '{name}' there");
    }

    internal static TimeSpan TimeoutOf(ToolSpec spec, ToolSettings settings, TimeSpan standard) =>
        spec.Source == ActivityEntry.Source ? Timeout.InfiniteTimeSpan // counts from when a worker has the call, and there
            : spec.Source == "http" && settings.HttpTools.TryGetValue(spec.SourceName ?? spec.Name, out var http)
            ? http.Timeout : standard;

    public ValueTask DisposeAsync() => _mcp.DisposeAsync();

    async Task ResolveOneAsync(ToolEntry entry, ToolSettings settings, Resolving resolving, CancellationToken cancel)
    {
        var server = settings.McpServers.Keys
            .Where(s => entry.Source == McpServers.SourceOf(s)
                || entry.Name.StartsWith(s + "__", StringComparison.Ordinal))
            .MaxBy(s => s.Length);
        if (server is not null && (entry.Source is null || McpServers.ServerOf(entry.Source) is not null))
        {
            await ResolveServerToolsAsync(entry, server, settings.McpServers[server], resolving, cancel);
            return;
        }

        if (!ToolNames.IsValid(entry.Name))
        {
            throw new ToolFaultException(
                ToolErrors.BadToolEntry, $"tool name '{entry.Name}': 1 to 64 characters of A-Z, a-z, 0-9, _ and -");
        }

        if (entry.Activity is { } activity)
        {
            Add(activity.ToSpec(entry), resolving);
            return;
        }

        var found = Base(entry, settings);
        Add(found.Source == "builtin" ? OverlayBuiltIn(found, entry) : Overlay(found, entry), resolving);
    }

    // What the entry does not say comes from where the tool is; an entry may describe it anew and declare its effect.
    ToolSpec Base(ToolEntry entry, ToolSettings settings)
    {
        var name = entry.SourceName ?? entry.Name;
        var isHttp = settings.HttpTools.ContainsKey(name);
        ToolSpec? found = entry.Source switch
        {
            null when isHttp => HttpTools.Blank(entry.Name),
            null => _methods.Find(name)?.Spec ?? _builtIns.Find(name)?.Spec,
            "http" => isHttp ? HttpTools.Blank(entry.Name) : null,
            "method" => _methods.Find(name)?.Spec,
            "builtin" => _builtIns.Find(name)?.Spec,
            _ => null,
        };
        return found ?? throw new ToolFaultException(
            ToolErrors.UnknownTool,
            $"no tool '{name}'{(entry.Source is null ? "" : $" from '{entry.Source}'")}: "
                + NearMiss.Suggest(name, Known.Select(t => t.Name).Concat(settings.HttpTools.Keys)
                    .Concat(settings.McpServers.Keys.Select(s => s + "__*"))));
    }

    static ToolSpec Overlay(ToolSpec found, ToolEntry entry) => found with
    {
        Name = entry.Name,
        Description = entry.Description ?? found.Description,
        Parameters = entry.Parameters ?? found.Parameters,
        Effect = entry.Effect ?? found.Effect,
        SourceName = entry.SourceName ?? found.SourceName ?? (entry.Name == found.Name ? null : found.Name),
        Parallel = entry.Parallel ?? found.Parallel,
        Queue = entry.Queue ?? found.Queue,
    };

    // A built-in is what it is: a job may say in its own words what it is for, not how safe or how shaped it is.
    static ToolSpec OverlayBuiltIn(ToolSpec found, ToolEntry entry)
    {
        if (entry.Effect is { } effect && effect != found.Effect)
        {
            throw new ToolFaultException(
                ToolErrors.BadToolEntry,
                $"built-in tool '{found.Name}' is {found.Effect}; a job cannot make it {effect}. Remove \"effect\"");
        }

        return Overlay(found, entry) with { Parameters = found.Parameters, Parallel = found.Parallel };
    }

    async Task ResolveServerToolsAsync(
        ToolEntry entry, string server, McpServerSettings settings, Resolving resolving, CancellationToken cancel)
    {
        var offered = await _mcp.ListAsync(server, settings, cancel);
        var wanted = entry.Name == $"{server}__*" || entry.Name == "*"
            ? offered
            : [.. offered.Where(t => t.Spec.Name == entry.Name || t.Spec.SourceName == (entry.SourceName ?? entry.Name))];
        if (wanted.Count == 0 && offered.Count > 0)
        {
            throw new ToolFaultException(
                ToolErrors.UnknownTool,
                $"MCP server '{server}' has no tool '{entry.Name}': "
                    + NearMiss.Suggest(entry.Name, offered.Select(t => t.Spec.Name)));
        }

        foreach (var (spec, suggestion) in wanted)
        {
            var one = wanted.Count == 1 && !entry.Name.EndsWith('*');
            Add(one ? Overlay(spec, entry with { Name = spec.Name }) : spec with { Queue = entry.Queue ?? spec.Queue }, resolving);
            if (suggestion is not null && entry.Effect is null)
            {
                resolving.Notes.Add(suggestion);
            }
        }
    }

    void Add(ToolSpec spec, Resolving resolving)
    {
        if (resolving.Tools.Any(t => t.Name == spec.Name))
        {
            throw new ToolFaultException(ToolErrors.BadToolEntry, $"tool '{spec.Name}' is named twice");
        }

        Schemas.Get(spec.Parameters, $"tool '{spec.Name}'");
        resolving.Tools.Add(spec);
    }

    sealed class Resolving
    {
        public List<ToolSpec> Tools { get; } = [];

        public List<string> Notes { get; } = [];

        public List<ToolProblem> Problems { get; } = [];
    }
}
