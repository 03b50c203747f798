using Agents.Contracts.Effects;
using Agents.Contracts.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;

namespace Agents.Engine.Grpc.Work;

/// <summary>
/// One attempt of an activity of an agent run, for a worker of ours. The engine's side of it stays here: ledger, stream,
/// and whoever waits for its outcome.
/// </summary>
internal sealed class AttemptItem(ActivityWorkItem work, IActivityContext context, string? preferred, string? place)
    : PendingItem(work.InstanceId, work.ExecutionId, work.Name, work.Version)
{
    readonly TaskCompletionSource<ActivityOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override WorkKind Kind => WorkKind.Activity;

    public override bool IsAgentWork => true;

    public override string? Preferred => preferred;

    public ActivityWorkItem Work => work;

    public IActivityContext Context => context;

    public Task<ActivityOutcome> Outcome => _outcome.Task;

    /// <summary>The worker was told that it may act: from here on nobody else can know whether it did.</summary>
    public bool Acted { get; set; }

    /// <summary>Pieces of text that were taken in.</summary>
    public long Published { get; set; }

    public bool IsOnce => work is { Effect.Class: EffectClass.AtMostOnce, Mode: ActivityMode.Execute };

    /// <summary>
    /// Where the attempt was that is asked about: a worker of that place can tell whether its process is gone. Null: not
    /// known, or waited for long enough.
    /// </summary>
    public string? Place { get; set; } = place;

    public override bool IsRefusedBy(WorkerStream worker) => Place is { } wanted && worker.Place != wanted;

    public void Conclude(ActivityOutcome outcome) => _outcome.TrySetResult(outcome);

    public override ValueTask<WorkItem> BuildAsync(WorkerStream worker, string token, CancellationToken cancel)
    {
        var item = ActivityItem.Message(this, token, work.TaskId, work.Input, work.Trace, work.Tags);
        item.ActivityRequest.Attempt = AttemptWire.ToWire(work);
        return new ValueTask<WorkItem>(item);
    }
}

/// <summary>Tells a worker that nobody waits for its attempt any more.</summary>
internal sealed class StopNotice : PendingItem
{
    public StopNotice(AttemptItem stopped, string token)
        : base(stopped.InstanceId, stopped.ExecutionId, stopped.Name, stopped.Version)
    {
        State = ItemState.Taken;
        Token = token;
    }

    public override WorkKind Kind => WorkKind.Activity;

    public override ValueTask<WorkItem> BuildAsync(WorkerStream worker, string token, CancellationToken cancel) =>
        new(new WorkItem { AttemptStop = new AttemptStop(), CompletionToken = token });
}
