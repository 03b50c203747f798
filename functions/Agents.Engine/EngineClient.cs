using System.Text;
using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Effects;
using Agents.Engine.History;
using Agents.Engine.Instances;
using Agents.Engine.Live;
using Agents.Engine.Retention;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine;

/// <summary>Everything a client may ask of a node. What it acknowledges is durable.</summary>
public sealed class EngineClient : IOrchestrationClient, IOrchestrationAdmin, IHistoryReader, IQueueClient
{
    readonly NodeServices _node;
    readonly HistorySource _history;
    readonly InstanceAdmin _admin;

    internal EngineClient(NodeServices node, HistorySource history)
    {
        _node = node;
        _history = history;
        _admin = new InstanceAdmin(node);
    }

    public async Task<StartOutcome> StartAsync(StartRequest request, CancellationToken cancel)
    {
        CheckSize(request.Input, "input");
        var executionId = _node.NewToken();
        var outcome = await _node.Committer.SubmitAsync(new InstanceStart
        {
            InstanceId = request.Id,
            ExecutionId = executionId,
            Name = request.Name,
            Version = request.Version,
            Tags = request.Tags,
            RequestDigest = request.RequestDigest ?? RequestDigest.Of(request.Name, request.Version, request.Input),
            ReplaceTerminal = request.ReplaceTerminal,
            IdentitySeed = request.ReplaceTerminal
                ? IdentityChain.Own(executionId, IdentityChain.Anew(request.Id, executionId))
                : null,
            ScheduledStart = request.ScheduledStart,
            Now = _node.Clock.GetUtcNow(),
            Inbox = [new InboxMessage(
                InboxKind.HistoryEvent,
                HistoryCodec.EncodeOne(new ExecutionStarted
                {
                    Name = request.Name, Version = request.Version, Input = request.Input, InstanceId = request.Id,
                    ExecutionId = executionId, Tags = request.Tags, ScheduledStart = request.ScheduledStart,
                    Trace = request.Trace,
                }),
                VisibleAt: request.ScheduledStart)],
        });
        var started = outcome is WriteOutcome.Started s ? s.Outcome : throw Refused(outcome);
        if (started == StartOutcome.Started)
        {
            Announce(request.Id, request.ScheduledStart);
        }

        return started;
    }

    public Task<InstanceView?> GetAsync(InstanceId id, bool withPayloads, CancellationToken cancel) =>
        _admin.ViewAsync(id, withPayloads, cancel);

    public Task<InstancePage> QueryAsync(InstanceQuery query, CancellationToken cancel) =>
        _node.Store.Queries.QueryAsync(query, cancel);

    public async Task<SendOutcome> SendAsync(
        InstanceId id, InstanceMessage message, string? dedupKey, CancellationToken cancel)
    {
        var now = _node.Clock.GetUtcNow();
        var outcome = await _node.Committer.SubmitAsync(new InboxSend(id, Encode(message, dedupKey), now));
        var sent = outcome is WriteOutcome.Sent s ? s.Outcome : throw Refused(outcome);
        if (sent == SendOutcome.Accepted)
        {
            Tell(id, message is InstanceMessage.Terminate);
        }

        return sent;
    }

    /// <summary>
    /// Takes what became of a task that a connected worker had: kept in the instance's inbox when this returns, once,
    /// and an event of that very execution unless the task is not open there any more.
    /// </summary>
    public async Task<SendOutcome> CompleteTaskAsync(
        InstanceId id, ExecutionId execution, int taskId, string? result, FailureDetails? failure, CancellationToken cancel)
    {
        CheckSize(result, "result");
        HistoryEvent outcome = failure is null
            ? new TaskCompleted { TaskScheduledId = taskId, Result = result }
            : new TaskFailed { TaskScheduledId = taskId, Failure = failure };
        var message = new InboxMessage(
            InboxKind.HistoryEvent, HistoryCodec.EncodeOne(outcome), execution, $"{execution}:{taskId}");
        var written = await _node.Committer.SubmitAsync(new InboxSend(id, message, _node.Clock.GetUtcNow()));
        var sent = written is WriteOutcome.Sent s ? s.Outcome : throw Refused(written);
        if (sent == SendOutcome.Accepted)
        {
            Tell(id, urgent: false);
        }

        return sent;
    }

    /// <summary>Keeps what an attempt came to that nobody waits for any more; it settles the ledger where that is undecided.</summary>
    public Task KeepEvidenceAsync(LateOutcome late) => new Evidence(_node).KeepAsync(late);

    void Tell(InstanceId id, bool urgent) => (urgent ? _node.WakeUrgently : _node.Wake)(id);

    /// <summary>Returns once the instance has left PENDING, is gone, or <paramref name="cancel"/> is cancelled.</summary>
    public async Task<InstanceView?> WaitForStartAsync(InstanceId id, CancellationToken cancel)
    {
        while (true)
        {
            var committed = _node.Live.NextCommit(id);
            var atMost = await _node.Live.ListenAsync(id, cancel);
            var view = await _node.Store.Queries.GetAsync(id, cancel);
            if (view is null || view.Status != OrchestrationStatus.Pending)
            {
                return view is null ? null : await GetAsync(id, true, cancel);
            }

            await committed.WaitAsync(atMost, _node.Clock, cancel);
        }
    }

    /// <summary>Returns once the instance is terminal or gone, or <paramref name="cancel"/> is cancelled; a parked one may yet end.</summary>
    public async Task<InstanceView?> WaitForEndAsync(InstanceId id, CancellationToken cancel)
    {
        while (true)
        {
            var released = _node.Live.NextRelease(id);
            var atMost = await _node.Live.ListenAsync(id, cancel);
            var view = await _node.Store.Queries.GetAsync(id, cancel);
            if (view is null || view.Status.IsTerminal())
            {
                return view is null ? null : await GetAsync(id, true, cancel);
            }

            await released.WaitAsync(atMost, _node.Clock, cancel);
        }
    }

    public async Task<InstanceView?> WaitForCompletionAsync(InstanceId id, CancellationToken cancel)
    {
        while (true)
        {
            var released = _node.Live.NextRelease(id);
            var atMost = await _node.Live.ListenAsync(id, cancel);
            var view = await _node.Store.Queries.GetAsync(id, cancel);
            if (view is null || view.Status.IsTerminal() || view.Parked is not null)
            {
                return view is null ? null : await GetAsync(id, true, cancel);
            }

            await released.WaitAsync(atMost, _node.Clock, cancel);
        }
    }

    public Task<AdminOutcome> RewindAsync(InstanceId id, string? reason, CancellationToken cancel) =>
        _admin.RewindAsync(id, reason, cancel);

    public Task<AdminOutcome> RestartAsync(InstanceId id, bool newId, CancellationToken cancel) =>
        _admin.RestartAsync(id, newId, this, cancel);

    public Task<AdminOutcome> ForkAsync(
        InstanceId id, InstanceId newId, long cutSequence, string? newInput, CancellationToken cancel) =>
        _admin.ForkAsync(id, newId, cutSequence, newInput, cancel);

    public Task<PurgeOutcome> PurgeAsync(InstanceId id, bool recursive, bool force, CancellationToken cancel) =>
        _admin.PurgeAsync(id, recursive, force, cancel);

    /// <summary>
    /// Removes ended runs whose time is over, or only says which: <paramref name="runsMax"/> at most, each with its children.
    /// </summary>
    public Task<RetentionReport> RetainAsync(RetentionPolicy policy, bool remove, int runsMax, CancellationToken cancel) =>
        new RetentionPass(_node, _admin).RunAsync(policy, remove, runsMax, cancel);

    internal RetentionPass NewRetentionPass() => new(_node, _admin);

    public Task<AdminOutcome> UnparkAsync(InstanceId id, CancellationToken cancel) => _admin.UnparkAsync(id, cancel);

    public Task<IReadOnlyList<LedgerEntry>> ListEffectsAsync(InstanceId id, bool inDoubtOnly, CancellationToken cancel) =>
        _node.Store.Owner.ReadLedgerAsync(id, inDoubtOnly, cancel);

    public ValueTask<IReadOnlyList<SequencedEvent>> ReadAsync(
        InstanceId instance, int generation, long fromSequence, int max, CancellationToken cancel) =>
        _history.ReadAsync(instance, generation, fromSequence, max, cancel);

    public async Task<IReadOnlyList<ExecutionView>> ListExecutionsAsync(InstanceId id, CancellationToken cancel) =>
        await _admin.ListExecutionsAsync(id, cancel);

    public IAsyncEnumerable<StreamItem> ReadStreamAsync(InstanceId id, StreamOffset? after, CancellationToken cancel) =>
        new RunStream(_node, _history).ReadAsync(id, after, follow: true, cancel);

    public IAsyncEnumerable<StreamItem> ReadShownAsync(InstanceId id, StreamOffset after, CancellationToken cancel) =>
        new RunStream(_node, _history).ReadAsync(id, after, follow: false, cancel);

    /// <summary>Scans the store for what must always hold; one line for each breach, none when all is well.</summary>
    public Task<IReadOnlyList<string>> VerifyStoreAsync(CancellationToken cancel) => _node.Store.Admin.VerifyAsync(cancel);

    /// <summary>Queues of activities that have a bound, with who is in them.</summary>
    public Task<IReadOnlyList<QueueView>> ListQueuesAsync(CancellationToken cancel) => _node.Store.Queues.ReadQueuesAsync(cancel);

    /// <summary>
    /// Sets a queue's bounds on all nodes, or takes them away; what runs goes on. The bound of the hub as a whole reaches the
    /// other nodes within a minute, any other at once.
    /// </summary>
    public async Task SetQueueAsync(QueueLimit limit, CancellationToken cancel)
    {
        await _node.Store.Queues.SetQueueAsync(limit, cancel);
        await _node.Queues.ChangedAsync(limit.Queue, cancel);
    }

    void Announce(InstanceId id, DateTimeOffset? at)
    {
        if (at is { } later && later > _node.Clock.GetUtcNow())
        {
            _node.Schedule(later);
        }
        else
        {
            _node.Wake(id);
        }
    }

    InboxMessage Encode(InstanceMessage message, string? dedupKey) => message switch
    {
        InstanceMessage.Resolve r => new InboxMessage(
            InboxKind.EffectResolution,
            JsonSerializer.SerializeToUtf8Bytes(r.Resolution, ContractsJson.Plain.EffectResolution),
            DedupKey: dedupKey),
        _ => new InboxMessage(InboxKind.HistoryEvent, HistoryCodec.EncodeOne(Event(message)), DedupKey: dedupKey),
    };

    HistoryEvent Event(InstanceMessage message)
    {
        switch (message)
        {
            case InstanceMessage.Raise m:
                CheckSize(m.Input, "event");
                return new EventRaised { Name = m.Name, Input = m.Input };
            case InstanceMessage.Terminate m:
                CheckSize(m.Output, "output");
                return new ExecutionTerminated { Input = m.Output, Recurse = m.Recurse };
            case InstanceMessage.Suspend m:
                return new ExecutionSuspended { Reason = m.Reason };
            case InstanceMessage.Resume m:
                return new ExecutionResumed { Reason = m.Reason };
            default:
                throw new ArgumentException($"{message.GetType().Name} is not a message an instance takes", nameof(message));
        }
    }

    void CheckSize(string? value, string what)
    {
        if (value is not null && Encoding.UTF8.GetByteCount(value) > _node.Options.ValueBytesMax)
        {
            throw new ArgumentException($"AG1005: the {what} is larger than {_node.Options.ValueBytesMax} bytes, "
                + "the most the engine accepts (EngineOptions.ValueBytesMax)");
        }
    }

    static InvalidOperationException Refused(WriteOutcome outcome) => new(
        $"AG1002: the store refused the write: {(outcome as WriteOutcome.Refused)?.Why ?? outcome.GetType().Name}");
}
