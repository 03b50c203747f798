using System.Text.Json;
using Agents.Client.Runs;
using Agents.Contracts;
using Agents.Contracts.Runs;

namespace Agents.Client.Jobs;

/// <summary>Resolves a job to the input a run is pinned to: model, tools and folders looked up once, here.</summary>
public sealed class JobReader(IModelShelf models, IToolShelf tools, JobFolders folders)
{
    public const string DefaultModel = "scripted";

    public async Task<RunInput> ResolveAsync(JobDraft draft, RunStart start, string run, CancellationToken cancel)
    {
        if (start.Trust == JobTrust.Guest)
        {
            RefuseGuest(draft, start.Overrides);
        }

        var (root, output, outFile) = folders.Resolve(draft, start, run);
        return new RunInput
        {
            Name = draft.Name,
            System = draft.System is { } system ? Fill(system, outFile) : null,
            Goal = Fill(draft.Goal, outFile),
            Model = Model(draft, start.Overrides),
            Tools = await ToolsAsync(draft, cancel),
            Limits = draft.Limits,
            Context = draft.Context,
            OutputSchema = draft.OutputSchema,
            ToolSettings = draft.Settings with { Root = root, Out = output },
            Tenant = draft.Tenant,
            Reasoning = draft.Reasoning,
        };
    }

    static string Fill(string text, string? outFile) =>
        outFile is null ? text : text.Replace("{out}", outFile, StringComparison.Ordinal);

    // A guest may start jobs on what the owner has set up, not make this process reach for anything else.
    static void RefuseGuest(JobDraft draft, JobOverrides overrides)
    {
        var asked = draft.OwnerOnly.Select(n => n.Where)
            .Concat(overrides.BaseUrl is null ? [] : ["baseUrl"])
            .Concat(overrides.ApiKeyEnv is null ? [] : ["apiKeyEnv"])
            .FirstOrDefault();
        if (asked is not null)
        {
            throw new RunFaultException(
                Faults.GuestRefused, "a job sent over TCP may not name programs, addresses or environment variables",
                asked, "start it with `agents run`, or put the model into a profile file of the host");
        }
    }

    ModelProfile Model(JobDraft draft, JobOverrides overrides)
    {
        var profile = overrides switch
        {
            { BaseUrl: { } address } => models.AtAddress(
                overrides.Model ?? NameOf(draft.Model) ?? "default", address, overrides.ApiKeyEnv),
            { Model: { } name } => Named(name, "--model") with { },
            _ when draft.Model is { Kind: JsonValueKind.Object } inline => Inline(inline),
            _ => Named(NameOf(draft.Model) ?? DefaultModel, draft.Model?.Where ?? "model"),
        };
        if (overrides is { ApiKeyEnv: { } variable, BaseUrl: null })
        {
            profile = profile with { ApiKeyEnv = variable };
        }

        return models.Obstacle(profile) is { } why
            ? throw new RunFaultException(
                Faults.MissingKey, why, draft.Model?.Where ?? "model", "set it, or name another model with --model")
            : profile;
    }

    static string? NameOf(JobNode? model) => model is { Kind: JsonValueKind.String } ? JobFields.TextOf(model) : null;

    ModelProfile Named(string name, string where) =>
        models.Find(name, out var near) ?? throw new RunFaultException(
            Faults.UnknownModel, $"there is no model '{name}'", where,
            (near.Count == 0 ? "`agents doctor` lists the models" : $"did you mean {string.Join(" or ", near.Take(3))}?")
            + "; any OpenAI-compatible server: --model ID --base-url URL [--api-key-env VAR]");

    static ModelProfile Inline(JobNode node)
    {
        try
        {
            var strict = new JsonSerializerOptions(ContractsJson.Default.Options)
            {
                UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
                ReadCommentHandling = JsonCommentHandling.Skip,
                AllowTrailingCommas = true,
            };
            return node.Json.Deserialize(new ContractsJson(strict).ModelProfile)!;
        }
        catch (JsonException e)
        {
            throw new RunFaultException(
                Faults.JobField, $"not a model profile: {e.Message.Split(" Path:")[0]}", node.Where, "see docs/job-file.md, model", e);
        }
    }

    async Task<IReadOnlyList<ToolSpec>> ToolsAsync(JobDraft draft, CancellationToken cancel)
    {
        var specs = new List<(ToolSpec Spec, JobNode? Node)>();
        var named = new HashSet<string>();
        foreach (var node in draft.Tools)
        {
            if (ServerOf(node, draft) is { } server)
            {
                named.Add(server);
                specs.AddRange((await OfServerAsync(server, draft, node.Where, cancel)).Select(s => (s, (JobNode?)node)));
            }
            else
            {
                specs.Add((Tool(node, draft), node));
            }
        }

        // A server that no entry of "tools" mentions brings all its tools: that is what it was declared for.
        foreach (var server in draft.Settings.McpServers.Keys.Except(named))
        {
            specs.AddRange((await OfServerAsync(server, draft, $"mcpServers.{server}", cancel)).Select(s => (s, (JobNode?)null)));
        }

        if (specs.GroupBy(s => s.Spec.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new RunFaultException(
                Faults.JobField, $"the tool '{twice.Key}' is named twice", twice.Last().Node?.Where ?? "mcpServers", "keep one of the two");
        }

        return [.. specs.Select(s => s.Spec)];
    }

    static string? ServerOf(JobNode node, JobDraft draft)
    {
        if (node.Kind != JsonValueKind.String || !node.Json.GetString()!.StartsWith("mcp:", StringComparison.Ordinal))
        {
            return null;
        }

        var server = node.Json.GetString()![4..];
        return draft.Settings.McpServers.ContainsKey(server)
            ? server
            : throw new RunFaultException(
                Faults.UnknownTool, $"no MCP server '{server}' is declared", node.Where, $"add it: \"mcpServers\": {{\"{server}\": {{…}}}}");
    }

    async Task<IReadOnlyList<ToolSpec>> OfServerAsync(string server, JobDraft draft, string where, CancellationToken cancel)
    {
        try
        {
            return await tools.OfServerAsync(server, draft.Settings.McpServers[server], cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException and not RunFaultException)
        {
            throw new RunFaultException(
                Faults.UnknownTool, $"the MCP server '{server}' does not give its tools: {e.Message}", where,
                "start it by hand to see why, then run this again", e);
        }
    }

    ToolSpec Tool(JobNode node, JobDraft draft)
    {
        if (node.Kind == JsonValueKind.String)
        {
            var name = JobFields.TextOf(node);
            return tools.Find(name) ?? throw Unknown(name, node);
        }

        ToolSpec spec;
        try
        {
            spec = tools.Read(node.Json);
        }
        catch (FormatException e)
        {
            throw new RunFaultException(Faults.JobField, e.Message, node.Where, "see docs/job-file.md, tools", e);
        }

        if (draft.Settings.HttpTools.ContainsKey(spec.Name))
        {
            return spec with { Source = "http" };
        }

        // A built-in described anew: its own effect class stays unless the job says otherwise.
        var own = tools.Find(spec.Name) ?? (spec.SourceName is { } source ? tools.Find(source) : null);
        if (spec.Source != "builtin")
        {
            return spec;
        }

        return own is null
            ? throw Unknown(spec.Name, node)
            : spec with
            {
                Effect = Says(node, "effect") ? spec.Effect : own.Effect,
                Parallel = Says(node, "parallel") ? spec.Parallel : own.Parallel,
                Description = spec.Description.Length > 0 ? spec.Description : own.Description,
            };
    }

    static bool Says(JobNode node, string field) => node[field] is not null || node["function"]?[field] is not null;

    RunFaultException Unknown(string name, JobNode node)
    {
        var near = Spelling.Nearest(name, tools.Names);
        return new RunFaultException(
            Faults.UnknownTool, $"there is no tool '{name}'", node.Where,
            near is not null
                ? $"did you mean '{near}'?"
                : $"built in: {string.Join(", ", tools.Names)}; an HTTP tool needs an entry in http.tools, an MCP tool a server in mcpServers");
    }
}
