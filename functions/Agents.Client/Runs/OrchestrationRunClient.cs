using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Agents.Client.Jobs;
using Agents.Client.Progress;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;

namespace Agents.Client.Runs;

/// <summary>Runs in the process that holds the data directory, over the engine's client seams.</summary>
public sealed class OrchestrationRunClient(
    IOrchestrationClient client, IOrchestrationAdmin admin, IHistoryReader history, JobReader jobs) : IRunClient
{
    /// <summary>Name and version of the orchestrator that runs are instances of.</summary>
    public const string OrchestratorName = "AgentRun";
    public const string OrchestratorVersion = "1";

    const int ListPagesMax = 20;

    readonly RunSnapshots _snapshots = new(history);

    public async Task<RunStarted> StartAsync(RunStart start, CancellationToken cancel)
    {
        var draft = JobDraft.Parse(start.Job);
        if (draft.Id is not null && start.IdempotencyKey is not null)
        {
            throw new RunFaultException(Faults.BadRequest, "a job with an id of its own takes no idempotency key",
                "Idempotency-Key", "leave one of the two out");
        }

        var id = draft.Id
            ?? (start.IdempotencyKey is { } key ? RunIds.FromKey(draft.Tenant, key) : RunIds.Random());
        var digest = Digest(start);

        // The same request again is answered from what is stored, even where the job could not be resolved today.
        var named = draft.Id is not null || start.IdempotencyKey is not null;
        var input = await jobs.ResolveAsync(draft, start, id, cancel);
        var outcome = await client.StartAsync(
            new StartRequest
            {
                Id = new InstanceId(id),
                Name = OrchestratorName,
                Version = OrchestratorVersion,
                Input = JsonSerializer.Serialize(input, ContractsJson.Plain.RunInput),
                Tags = WithTenant(WithName(draft.Tags, input.Name), draft.Tenant),
                RequestDigest = digest,
            },
            cancel);
        return outcome switch
        {
            StartOutcome.Started => new RunStarted(id, Existing: false),
            StartOutcome.AlreadyStarted when named => new RunStarted(id, Existing: true),
            _ => throw new RunFaultException(Faults.KeyConflict,
                $"the run {id} was started with another job", "Idempotency-Key",
                "send the same job with this key, or use a new key for a new job"),
        };
    }

    public async Task<RunView?> GetAsync(string run, CancellationToken cancel)
    {
        if (!InstanceId.IsValid(run) || await client.GetAsync(new InstanceId(run), withPayloads: true, cancel) is not { } view)
        {
            return null;
        }

        var inDoubt = view.InDoubt > 0 ? await admin.ListEffectsAsync(new InstanceId(run), inDoubtOnly: true, cancel) : [];
        return await _snapshots.ViewAsync(view, withHistory: true, cancel) with { InDoubt = inDoubt };
    }

    public async Task<RunPage> ListAsync(RunFilter filter, CancellationToken cancel)
    {
        var found = new List<RunView>();
        var token = filter.After;
        for (var page = 0; page < ListPagesMax; page++)
        {
            var answer = await client.QueryAsync(Query(filter, filter.PageSize - found.Count, token), cancel);
            foreach (var view in answer.Items)
            {
                if (filter.Statuses.Count == 0 || filter.Statuses.Contains(RunOutcome.StatusOf(view)))
                {
                    found.Add(await _snapshots.ViewAsync(view, withHistory: view.Status != OrchestrationStatus.Completed, cancel));
                }
            }

            token = answer.ContinuationToken;
            if (token is null || found.Count >= filter.PageSize)
            {
                break;
            }
        }

        return new RunPage(found, token);
    }

    public async Task<CommandOutcome> SendAsync(string run, RunCommand command, string? dedupKey, CancellationToken cancel)
    {
        if (!InstanceId.IsValid(run) || await client.GetAsync(new InstanceId(run), withPayloads: true, cancel) is not { } view)
        {
            return new CommandOutcome(CommandResult.NotFound);
        }

        var id = new InstanceId(run);
        if (command is RunCommand.Resume && view.Parked is not null)
        {
            var unparked = await admin.UnparkAsync(id, cancel);
            return unparked.Done
                ? new CommandOutcome(CommandResult.Accepted)
                : new CommandOutcome(CommandResult.Refused, unparked.Refusal);
        }

        if (command is RunCommand.Resolve resolve)
        {
            return await ResolveAsync(id, resolve, dedupKey, cancel);
        }

        return Outcome(await client.SendAsync(id, Message(command), dedupKey, cancel), view);
    }

    public async IAsyncEnumerable<RunEvent> StreamAsync(
        string run, StreamOffset? after, [EnumeratorCancellation] CancellationToken cancel)
    {
        // Read from the start even when rejoining: an event's bytes may depend on everything before it.
        var projection = new RunProjection();
        await foreach (var item in history.ReadStreamAsync(new InstanceId(run), after: null, cancel))
        {
            foreach (var e in projection.Apply(item))
            {
                if (after is not { } place || e.Offset.CompareTo(place) > 0)
                {
                    yield return e;
                }
            }
        }
    }

    async Task<CommandOutcome> ResolveAsync(InstanceId id, RunCommand.Resolve resolve, string? dedupKey, CancellationToken cancel)
    {
        var entries = await admin.ListEffectsAsync(id, inDoubtOnly: true, cancel);
        var fitting = entries.Where(e => e.Key.StartsWith(resolve.Key, StringComparison.Ordinal)).ToList();
        if (fitting.Count != 1)
        {
            var known = entries.Count == 0 ? "nothing is in doubt" : $"in doubt: {string.Join(", ", entries.Select(e => e.Key[..12]))}";
            return new CommandOutcome(CommandResult.Refused,
                fitting.Count == 0 ? $"no effect in doubt has the key {resolve.Key}; {known}" : $"{resolve.Key} fits several effects; {known}");
        }

        var resolution = new EffectResolution(fitting[0].Key, resolve.Verdict, ResultOf(resolve), resolve.By);
        var sent = await client.SendAsync(id, new InstanceMessage.Resolve(resolution), dedupKey, cancel);
        return sent is SendOutcome.NotFound
            ? new CommandOutcome(CommandResult.NotFound)
            : new CommandOutcome(CommandResult.Accepted);
    }

    /// <summary>A person says what the tool answered; the run reads it where the tool's own reply would stand.</summary>
    static string? ResultOf(RunCommand.Resolve resolve) => resolve.Result is not { } text
        ? null
        : JsonSerializer.Serialize(
            new ToolReply { Content = text, IsError = resolve.Verdict == EffectVerdict.GiveUp }, ContractsJson.Plain.ToolReply);

    static CommandOutcome Outcome(SendOutcome outcome, InstanceView view) => outcome switch
    {
        SendOutcome.Accepted or SendOutcome.AlreadyAccepted => new CommandOutcome(CommandResult.Accepted),
        SendOutcome.NotFound => new CommandOutcome(CommandResult.NotFound),
        _ => new CommandOutcome(CommandResult.Finished, $"the run has ended ({RunOutcome.StatusOf(view)})"),
    };

    static InstanceMessage Message(RunCommand command) => command switch
    {
        RunCommand.Cancel c => new InstanceMessage.Terminate(c.Reason, Recurse: true),
        RunCommand.Pause p => new InstanceMessage.Suspend(p.Reason),
        RunCommand.Resume r => new InstanceMessage.Resume(r.Reason),
        RunCommand.Steer s => new InstanceMessage.Raise(RunEvents.Steer, RunEvents.SteerPayload(s.Text)),
        _ => throw new InvalidOperationException($"command {command.GetType().Name} is not a message"),
    };

    static InstanceQuery Query(RunFilter filter, int pageSize, string? token) => new()
    {
        Statuses = filter.Statuses.Count == 0 ? [] : RunOutcome.InstanceStatuses(filter.Statuses),
        Name = OrchestratorName,
        IdPrefix = filter.IdPrefix,
        Tag = filter.Tag ?? (filter.Name is { } name ? KeyValuePair.Create(NameTag, name) : null),
        CreatedFrom = filter.CreatedFrom,
        CreatedTo = filter.CreatedTo,
        WithPayloads = true,
        PageSize = Math.Clamp(pageSize, 1, 1000),
        ContinuationToken = token,
    };

    /// <summary>Tag that carries the job's name, so that runs can be found by it.</summary>
    public const string NameTag = "job";
    const string TenantTag = "tenant";

    static Dictionary<string, string> WithName(IReadOnlyDictionary<string, string> tags, string name) =>
        new(tags) { [NameTag] = name };

    /// <summary>By this tag tenants share a node; a job that names none is everybody's.</summary>
    static Dictionary<string, string> WithTenant(Dictionary<string, string> tags, string tenant)
    {
        if (tenant != JobDraft.DefaultTenant)
        {
            tags.TryAdd(TenantTag, tenant);
        }

        return tags;
    }

    // Over the request as sent, not over what it resolves to: a changed profile file must not make a conflict.
    static string Digest(RunStart start)
    {
        var o = start.Overrides;
        var parts = string.Join('\n', o.BaseDirectory, o.Root, o.Out, o.Model, o.BaseUrl, o.ApiKeyEnv, start.Job);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts)));
    }
}
