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
            Model = Model(draft, start.Overrides) with { Serve = null }, // how its server is started is no part of a run
            Tools = await ToolsAsync(draft, cancel),
            Limits = draft.Limits,
            Context = draft.Context,
            OutputSchema = draft.OutputSchema,
            ToolSettings = draft.Settings with { Root = root, Out = output, OutFile = outFile },
            Tenant = draft.Tenant,
            Class = draft.Class,
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
                why.Code, why.What,
                overrides.BaseUrl is not null ? "--base-url" : overrides.Model is not null ? "--model" : draft.Model?.Where ?? "model",
                "mend what is missing or wrong, or name another model with --model")
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
        var specs = new List<ToolSpec>();
        foreach (var node in draft.Tools)
        {
            Add(specs, await tools.ResolveAsync(node.Json, draft.Settings, cancel), node.Where, IsCompanion(node));
        }

        // A server that no entry of "tools" mentions brings all its tools: that is what it was declared for.
        foreach (var server in draft.Settings.McpServers.Keys.Where(s => !specs.Any(t => t.Source == $"mcp:{s}")))
        {
            var all = JsonSerializer.SerializeToElement($"{server}__*", ContractsJson.Default.String);
            Add(specs, await tools.ResolveAsync(all, draft.Settings, cancel), $"mcpServers.{server}", named: false);
        }

        return specs;
    }

    /// <summary>Comes along by itself with every tool, so it is no clash when it came before.</summary>
    const string Companion = "read_artifact";

    static bool IsCompanion(JobNode node) =>
        node.Kind == JsonValueKind.String && node.Json.GetString() == Companion;

    static void Add(List<ToolSpec> specs, ToolAnswer answer, string where, bool named)
    {
        if (answer.Problem is { } problem)
        {
            throw new RunFaultException(problem.Code, problem.What, where, "see docs/job-file.md, tools");
        }

        foreach (var spec in answer.Tools)
        {
            if (specs.All(s => s.Name != spec.Name))
            {
                specs.Add(spec);
            }
            else if (spec.Name != Companion && !named)
            {
                throw new RunFaultException(Faults.JobField, $"the tool '{spec.Name}' is named twice", where, "keep one of the two");
            }
        }
    }
}
