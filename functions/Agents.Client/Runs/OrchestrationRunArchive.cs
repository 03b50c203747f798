using System.Text.Json;
using System.Text.Json.Nodes;
using Agents.Client.Progress;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;

namespace Agents.Client.Runs;

/// <summary>The archive of the data directory this process holds.</summary>
public sealed class OrchestrationRunArchive(IOrchestrationClient client, IOrchestrationAdmin admin, IHistoryReader history)
    : IRunArchive
{
    /// <summary>Most events of one page.</summary>
    public const int EventsPerPageMax = 1000;

    public async Task<HistoryPage?> ReadHistoryAsync(string run, HistoryFrom from, CancellationToken cancel)
    {
        if (await FindAsync(run, withPayloads: true, cancel) is not { } view)
        {
            return null;
        }

        var max = Math.Clamp(from.Max, 1, EventsPerPageMax);
        var generation = from.Generation ?? view.Generation;
        var events = await history.ReadAsync(new InstanceId(run), generation, from.Sequence, max, cancel);
        var executions = await history.ListExecutionsAsync(new InstanceId(run), cancel);
        var redact = RunOutcome.ReadInput(view.Input)?.Reasoning == ReasoningPolicy.Redact;
        return new HistoryPage(
            run, generation, view.Generation + 1,
            [.. events.Select(e => new HistoryItem(e.Sequence, redact ? Redacted(e.Event) : e.Event))],
            events.Count < max ? null : events[^1].Sequence + 1)
        {
            Execution = executions.FirstOrDefault(e => e.Generation == generation),
        };
    }

    public async Task<IReadOnlyList<LedgerEntry>?> ReadEffectsAsync(string run, bool inDoubtOnly, CancellationToken cancel) =>
        await FindAsync(run, withPayloads: false, cancel) is null
            ? null
            : await admin.ListEffectsAsync(new InstanceId(run), inDoubtOnly, cancel);

    public async Task<ArchiveOutcome> ForkAsync(string run, int atStep, CancellationToken cancel)
    {
        if (await FindAsync(run, withPayloads: false, cancel) is not { } view)
        {
            return new ArchiveOutcome(false, null, null, NotFound: true);
        }

        if (await CutBeforeAsync(view, atStep, cancel) is not { } cut)
        {
            return new ArchiveOutcome(false, null, $"the run has no step {atStep}");
        }

        var outcome = await admin.ForkAsync(new InstanceId(run), new InstanceId(RunIds.Random()), cut, newInput: null, cancel);
        return Outcome(outcome);
    }

    public async Task<ArchiveOutcome> RestartAsync(string run, CancellationToken cancel)
    {
        if (await FindAsync(run, withPayloads: true, cancel) is not { } view)
        {
            return new ArchiveOutcome(false, null, null, NotFound: true);
        }

        var id = new InstanceId(RunIds.Random());
        var outcome = await client.StartAsync(
            new StartRequest
            {
                Id = id, Name = view.Name, Version = view.Version, Input = InOwnFolder(view.Input, await history.MadeForAsync(view, cancel), id), Tags = view.Tags,
            },
            cancel);
        return outcome == StartOutcome.Started
            ? new ArchiveOutcome(true, id.Value, null)
            : new ArchiveOutcome(false, null, $"'{id.Value}' exists already");
    }

    // Outputs that were not given a place lie in a folder named after their run; the new run has another name.
    static string? InOwnFolder(string? text, string? madeFor, InstanceId id) =>
        RunOutcome.ReadInput(text) is { } input && input.ToolSettings.For(id.Value, madeFor) is var own && own != input.ToolSettings
            ? JsonSerializer.Serialize(input with { ToolSettings = own }, ContractsJson.Plain.RunInput)
            : text;

    public Task<ArchiveOutcome> RewindAsync(string run, CancellationToken cancel) =>
        AskAsync(run, id => admin.RewindAsync(id, "asked for", cancel), cancel);

    public async Task<ArchiveOutcome> PurgeAsync(string run, bool force, CancellationToken cancel)
    {
        if (await FindAsync(run, withPayloads: false, cancel) is null)
        {
            return new ArchiveOutcome(false, null, null, NotFound: true);
        }

        var outcome = await admin.PurgeAsync(new InstanceId(run), recursive: true, force, cancel);
        return outcome switch
        {
            { Refusal: { } why } => new ArchiveOutcome(false, run, why),
            { RetainedBy.Count: > 0 } kept => new ArchiveOutcome(
                true, run, $"its history stays as long as these forks do: {string.Join(", ", kept.RetainedBy)}"),
            _ => new ArchiveOutcome(true, run, null),
        };
    }

    async Task<ArchiveOutcome> AskAsync(string run, Func<InstanceId, Task<AdminOutcome>> ask, CancellationToken cancel) =>
        await FindAsync(run, withPayloads: false, cancel) is null
            ? new ArchiveOutcome(false, null, null, NotFound: true)
            : Outcome(await ask(new InstanceId(run)));

    static ArchiveOutcome Outcome(AdminOutcome outcome) => new(outcome.Done, outcome.Id?.Value, outcome.Refusal);

    async Task<InstanceView?> FindAsync(string run, bool withPayloads, CancellationToken cancel) =>
        InstanceId.IsValid(run) ? await client.GetAsync(new InstanceId(run), withPayloads, cancel) : null;

    /// <summary>
    /// The turn that scheduled the step's model call begins with OrchestratorStarted: everything before that is the
    /// committed state at the end of the step before.
    /// </summary>
    async Task<long?> CutBeforeAsync(InstanceView view, int step, CancellationToken cancel)
    {
        var turn = 0L;
        var from = 0L;
        while (true)
        {
            var page = await history.ReadAsync(new InstanceId(view.InstanceId), view.Generation, from, EventsPerPageMax, cancel);
            foreach (var (sequence, e) in page)
            {
                if (e is OrchestratorStarted)
                {
                    turn = sequence;
                }

                if (e is TaskScheduled { Name: Activities.CallModel } call && CallInput.Read(call.Input).Step == step)
                {
                    return turn;
                }
            }

            if (page.Count == 0)
            {
                return null;
            }

            from = page[^1].Sequence + 1;
        }
    }

    // Reasoning under the policy "redact" goes back to the model and to nobody else.
    static HistoryEvent Redacted(HistoryEvent e)
    {
        if (e is not TaskCompleted { Result: { } result } completed || !result.Contains("\"reasoning\"", StringComparison.Ordinal))
        {
            return e;
        }

        try
        {
            if (JsonNode.Parse(result) is JsonObject reply && reply.ContainsKey("finish") && reply.Remove("reasoning"))
            {
                return completed with { Result = reply.ToJsonString() };
            }
        }
        catch (JsonException)
        {
            // Not a model's reply: nothing to redact.
        }

        return e;
    }
}
