using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>Views, and the rare operations on what already ran: rewind, restart, fork, purge, unpark.</summary>
internal sealed class InstanceAdmin(NodeServices node)
{
    const int ChildrenMax = 10_000;

    /// <summary>An execution begins with OrchestratorStarted and ExecutionStarted.</summary>
    const int StartEvents = 2;

    public async Task<InstanceView?> ViewAsync(InstanceId id, bool withPayloads, CancellationToken cancel)
    {
        var view = await node.Store.Queries.GetAsync(id, cancel);
        if (view is null)
        {
            return null;
        }

        if (view.Status.IsTerminal())
        {
            // A finished run with entries nobody settled says so, whether it died with an intent or waits for a person.
            var open = await node.Store.Owner.ReadLedgerAsync(id, false, cancel);
            view = view with { InDoubt = open.Count(e => e.State is LedgerState.Intent or LedgerState.InDoubt) };
        }

        if (!withPayloads)
        {
            return view with { Input = null, Output = null };
        }

        var record = await node.Store.Queries.FindAsync(id, cancel);
        return record is null ? view : await WithPayloadsAsync(view, record, cancel);
    }

    async Task<InstanceView> WithPayloadsAsync(InstanceView view, InstanceRecord record, CancellationToken cancel)
    {
        var pages = new HistoryPages(node.Store.Owner);
        var first = await pages.ReadAsync(record.Execution, record.LineageKey, record.InstanceId, 0, cancel, StartEvents);
        var start = first.Select(e => e.Event).OfType<ExecutionStarted>().FirstOrDefault();
        start ??= await WaitingStartAsync(record, cancel);
        view = view with { ScheduledStart = start?.ScheduledStart };
        if (!view.Status.IsTerminal())
        {
            return view with { Input = start?.Input ?? view.Input };
        }

        var last = await pages.ReadAsync(
            record.Execution, record.LineageKey, record.InstanceId, Math.Max(0, record.NextSequence - 1), cancel);
        var end = last.Select(e => e.Event).OfType<ExecutionCompleted>().LastOrDefault();
        return view with
        {
            Input = start?.Input ?? view.Input,
            Output = end?.Result ?? view.Output,
            Failure = end?.Failure ?? view.Failure,
        };
    }

    /// <summary>The start of an instance that has not begun waits in its inbox.</summary>
    async Task<ExecutionStarted?> WaitingStartAsync(InstanceRecord record, CancellationToken cancel)
    {
        var rows = await node.Store.Owner.ReadInboxAsync(record.Key, DateTimeOffset.MaxValue, 1, cancel);
        return rows is [{ Message.Kind: InboxKind.HistoryEvent } row] ? HistoryCodec.DecodeOne(row.Message.Body) as ExecutionStarted : null;
    }

    public async Task<IReadOnlyList<ExecutionView>> ListExecutionsAsync(InstanceId id, CancellationToken cancel)
    {
        var record = await node.Store.Queries.FindAsync(id, cancel);
        if (record is null)
        {
            return [];
        }

        var executions = await node.Store.Queries.ListExecutionsAsync(record.Key, cancel);
        var views = new List<ExecutionView>(executions.Count);
        foreach (var execution in executions.OrderBy(e => e.Generation))
        {
            var state = execution.Key == record.Execution.Key
                ? (record.NextSequence, record.Status)
                : await EndAsync(record, execution, cancel);
            views.Add(new ExecutionView(execution.ExecutionId, execution.Generation, state.Item1, state.Item2)
            {
                Seeds = IdentityChain.Read(execution, id),
            });
        }

        return views;
    }

    async Task<(long Events, OrchestrationStatus Status)> EndAsync(
        InstanceRecord record, ExecutionRecord execution, CancellationToken cancel)
    {
        var events = await AllAsync(record, execution, cancel);
        var end = events.Select(e => e.Event).OfType<ExecutionCompleted>().LastOrDefault();
        return (events.Count == 0 ? 0 : events[^1].Sequence + 1, end?.Status ?? OrchestrationStatus.Running);
    }

    async Task<List<SequencedEvent>> AllAsync(InstanceRecord record, ExecutionRecord execution, CancellationToken cancel)
    {
        var pages = new HistoryPages(node.Store.Owner);
        var all = new List<SequencedEvent>();
        while (true)
        {
            var from = all.Count == 0 ? 0 : all[^1].Sequence + 1;
            var page = await pages.ReadAsync(execution, record.LineageKey, record.InstanceId, from, cancel);
            if (page.Count == 0)
            {
                return all;
            }

            all.AddRange(page);
        }
    }

    public Task<AdminOutcome> RewindAsync(InstanceId id, string? reason, CancellationToken cancel) =>
        new Rewinder(node, AllAsync).RewindAsync(id, reason, cancel);

    public async Task<AdminOutcome> RestartAsync(InstanceId id, bool newId, IOrchestrationClient client, CancellationToken cancel)
    {
        var view = await ViewAsync(id, true, cancel);
        if (view is null)
        {
            return Refuse($"no instance '{id}'");
        }

        if (!newId && !view.Status.IsTerminal())
        {
            return Refuse($"'{id}' is {view.Status}: only a finished instance can be restarted under its own id");
        }

        var target = newId ? new InstanceId(node.NewToken()) : id;
        var outcome = await client.StartAsync(
            new StartRequest
            {
                Id = target, Name = view.Name, Version = view.Version, Input = view.Input, Tags = view.Tags,
                ReplaceTerminal = !newId,
            },
            cancel);
        return outcome == StartOutcome.Started
            ? new AdminOutcome(true, target, null)
            : Refuse($"'{target}' changed meanwhile; look again");
    }

    public async Task<AdminOutcome> ForkAsync(
        InstanceId id, InstanceId newId, long cutSequence, string? newInput, CancellationToken cancel)
    {
        var record = await node.Store.Queries.FindAsync(id, cancel);
        if (record is null)
        {
            return Refuse($"no instance '{id}'");
        }

        var events = await AllAsync(record, record.Execution, cancel);
        if (HistoryCut.At(events, cutSequence) is not { } cut)
        {
            return Refuse($"event {cutSequence} does not begin a turn of '{id}': fork where an OrchestratorStarted event stands, after the first");
        }

        if (cut.OpenChildren.Count > 0)
        {
            return Refuse($"a child ('{cut.OpenChildren[0].InstanceId}') is open at event {cutSequence}; choose a point before it began or after it ended");
        }

        if (cut.OpenEffects.Count > 0)
        {
            return Refuse($"the effect '{cut.OpenEffects[0]}' is under way at event {cutSequence}; choose a point before it began or after it ended");
        }

        var executionId = new ExecutionId(node.NewToken());
        var seeds = IdentityChain.Read(record.Execution, id);
        HistoryEvent[] first = newInput is null ? [] : [new EventRaised { Name = "steer", Input = newInput }];
        var outcome = await node.Committer.SubmitAsync(new InstanceStart
        {
            InstanceId = newId,
            ExecutionId = executionId,
            Name = record.Name,
            Version = record.Version,
            LineageKey = record.LineageKey,
            Cut = new ExecutionCut(record.Execution.Key, cut.Sequence),
            IdentitySeed = IdentityChain.Cut(seeds, cut.Sequence, executionId, newId),
            Generation = record.Execution.Generation,
            RequestDigest = RequestDigest.Of("fork", id, cutSequence.ToString(System.Globalization.CultureInfo.InvariantCulture), newInput),
            Now = node.Clock.GetUtcNow(),
            Inbox = Inbox([.. first, .. cut.Kept]),
        });
        if (outcome is not WriteOutcome.Started { Outcome: not StartOutcome.Conflict })
        {
            return Refuse($"'{newId}' exists already");
        }

        node.Wake(newId);
        return new AdminOutcome(true, newId, null);
    }

    public async Task<PurgeOutcome> PurgeAsync(InstanceId id, bool recursive, bool force, CancellationToken cancel)
    {
        var (all, refusal) = await FamilyAsync(id, recursive, force, cancel);
        return refusal is null
            ? await node.Store.Admin.PurgeAsync(all, node.Clock.GetUtcNow(), cancel)
            : new PurgeOutcome(0, refusal, []);
    }

    /// <summary>An instance with its children and theirs, and why they may not be purged together; null: they may.</summary>
    public async Task<(IReadOnlyList<string> Members, string? Refusal)> FamilyAsync(
        InstanceId id, bool recursive, bool force, CancellationToken cancel)
    {
        var all = new List<string> { id };
        for (var i = 0; recursive && i < all.Count && all.Count < ChildrenMax; i++)
        {
            all.AddRange(await node.Store.Queries.ListChildrenAsync(all[i], cancel));
        }

        foreach (var member in all)
        {
            var view = await ViewAsync(new InstanceId(member), false, cancel);
            if (view is null)
            {
                return (all, $"no instance '{member}'");
            }

            if (!view.Status.IsTerminal())
            {
                return (all, $"'{member}' is {view.Status}: only finished instances can be purged");
            }

            if (view.InDoubt > 0 && !force)
            {
                return (all, $"'{member}' has {view.InDoubt} effects in doubt: resolve them, or purge with force");
            }
        }

        return (all, null);
    }

    public async Task<AdminOutcome> UnparkAsync(InstanceId id, CancellationToken cancel)
    {
        var record = await node.Store.Queries.FindAsync(id, cancel);
        if (record?.Parked is null)
        {
            return Refuse(record is null ? $"no instance '{id}'" : $"'{id}' is not parked");
        }

        var done = await node.Store.Admin.UnparkAsync(record.Key, node.Clock.GetUtcNow(), cancel);
        node.Wake(id);
        return done ? new AdminOutcome(true, id, null) : Refuse($"'{id}' changed meanwhile; look again");
    }

    internal static IReadOnlyList<InboxMessage> Inbox(IEnumerable<HistoryEvent> events) =>
        [.. events.Select(e => new InboxMessage(InboxKind.HistoryEvent, HistoryCodec.EncodeOne(e)))];

    internal static AdminOutcome Refuse(string why) => new(false, null, why);
}
