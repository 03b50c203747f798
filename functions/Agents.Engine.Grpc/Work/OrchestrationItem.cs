using Agents.Contracts.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;

namespace Agents.Engine.Grpc.Work;

/// <summary>A turn that waits for a worker or is with one.</summary>
internal sealed class OrchestrationItem(RemoteSession session, IReadOnlyList<HistoryEvent> fresh)
    : PendingItem(session.Execution.InstanceId, session.Execution.ExecutionId, session.Execution.Name, session.Execution.Version),
        IRemoteTurn
{
    readonly TaskCompletionSource<OrchestratorTurn?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource<bool> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly PastEvents _past = session.Past();

    public override WorkKind Kind => WorkKind.Orchestration;

    public override bool IsAgentWork => session.IsAgentWork;

    public override string? Preferred => session.KeptBy;

    public RemoteSession Session => session;

    public Task<OrchestratorTurn?> Answer => _answer.Task;

    /// <summary>True once the answer is committed, false when nothing of it was written.</summary>
    public Task<bool> Settled => _settled.Task;

    /// <summary>Parts of a completion that has not come whole.</summary>
    public CompletionParts Parts { get; } = new();

    /// <summary>The worker asked for the history it was not given.</summary>
    public bool WithHistory { get; set; }

    public void Withdraw() => session.Broker.Withdraw(this);

    public void Settle(bool committed) => _settled.TrySetResult(committed);

    /// <summary>Hands the answer to the engine; null takes the turn back.</summary>
    public void Conclude(OrchestratorTurn? turn)
    {
        _answer.TrySetResult(turn);
        if (turn is null)
        {
            _settled.TrySetResult(false);
        }
    }

    public override async ValueTask<WorkItem> BuildAsync(WorkerStream worker, string token, CancellationToken cancel)
    {
        var request = new OrchestratorRequest
        {
            InstanceId = InstanceId,
            ExecutionId = ExecutionId.Value,
            OrchestrationTraceContext = TraceWire.ToWire(session.Span),
        };
        request.NewEvents.Add(fresh);
        var kept = worker.KeepsExecutions && !WithHistory && session.KeptBy == worker.Key;
        if (worker.KeepsExecutions)
        {
            request.PastEventsCount = _past.Count;
            request.KeptEvents = kept ? _past.Count : 0;
        }

        if (IsAgentWork && !kept)
        {
            request.Generation = session.Execution.Generation;
            request.SeedsInForce.Add(session.Execution.Seeds.Select(s => new SeedInForce
            {
                FromSequence = s.FromSequence, Seed = s.Seed, RunIdentity = s.RunIdentity,
            }));
        }

        if (kept)
        {
            return new WorkItem { OrchestratorRequest = request, CompletionToken = token };
        }

        if (worker.StreamsHistory && (!WithHistory || worker.KeepsExecutions)
            && _past.Bytes > session.Broker.Options.InlineHistoryBytesMax)
        {
            request.RequiresHistoryStreaming = true;
        }
        else
        {
            await _past.AddToAsync(request.PastEvents, cancel);
        }

        return new WorkItem { OrchestratorRequest = request, CompletionToken = token };
    }
}
