using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc.Work;

/// <summary>What workers answer. An answer nobody waits for is counted, named in the log, and otherwise taken as said.</summary>
internal sealed partial class WorkBroker
{
    /// <summary>Returns once the result is kept, or found to be too late.</summary>
    public async Task CompleteActivityAsync(
        EngineClient client, ActivityResponse response, string connection, CancellationToken cancel)
    {
        if (await AnswerCallAsync(response, connection))
        {
            return;
        }

        ActivityItem? item;
        lock (_gate)
        {
            item = Find(response.CompletionToken, connection, i => i is ActivityItem a && a.InstanceId.Value == response.InstanceId
                && a.TaskId == response.TaskId) as ActivityItem;
            if (item is null || item.Answering)
            {
                Stale(WorkKind.Activity, response.InstanceId, item is null ? "it is not with this worker any more" : "it is being taken in already");
                return;
            }

            item.Answering = true;
        }

        try
        {
            var sent = await KeepAsync(client, item, response, cancel);
            if (sent != SendOutcome.Accepted)
            {
                Stale(WorkKind.Activity, response.InstanceId, $"the instance answers {sent}");
            }
        }
        catch
        {
            lock (_gate)
            {
                item.Answering = false;
                if (item.Holder is { } holder && !_workers.Contains(holder))
                {
                    TakeFrom(holder, item);
                }
            }

            throw;
        }

        lock (_gate)
        {
            End(item);
        }
    }

    /// <summary>A result that cannot be kept is a failure that says so: the worker has done its part and will not do it differently.</summary>
    async Task<SendOutcome> KeepAsync(EngineClient client, ActivityItem item, ActivityResponse response, CancellationToken cancel)
    {
        var failure = FailureWire.FromWire(response.FailureDetails);
        try
        {
            return await client.CompleteTaskAsync(item.InstanceId, item.ExecutionId, item.TaskId, response.Result, failure, cancel);
        }
        catch (ArgumentException e)
        {
            Log.NotKept(environment.Log, item.Name, item.InstanceId, e.Message);
            failure = new FailureDetails("PayloadTooLarge", e.Message, IsNonRetriable: true);
            return await client.CompleteTaskAsync(item.InstanceId, item.ExecutionId, item.TaskId, null, failure, cancel);
        }
    }

    /// <summary>
    /// Returns once the answer is committed, found to be too late, or kept as a part: the events its execution has then, 0
    /// where nothing was written. Throws <see cref="WireException"/> for an answer that means nothing; the turn then goes
    /// back and comes again after a while.
    /// </summary>
    public async Task<long> CompleteTurnAsync(OrchestratorResponse response, string connection)
    {
        OrchestrationItem? item;
        IReadOnlyList<Protocol.OrchestratorAction>? actions;
        lock (_gate)
        {
            item = Find(response.CompletionToken, connection, i => i is OrchestrationItem o
                && o.InstanceId.Value == response.InstanceId) as OrchestrationItem;
            if (item is null || item.Answering)
            {
                Stale(WorkKind.Orchestration, response.InstanceId, item is null ? "it is not with this worker any more" : "it is being taken in already");
                return 0;
            }

            if (response.RequiresHistory)
            {
                item.WithHistory = true;
                TakeFrom(item.Holder!, item);
                return 0;
            }

            actions = TakePart(item, response);
            if (actions is null)
            {
                return 0;
            }

            item.Answering = true;
        }

        OrchestratorTurn turn;
        try
        {
            turn = TurnAnswer.Read(response, actions, item.Session);
        }
        catch (WireException e)
        {
            Nonsense(item, e);
            throw;
        }

        lock (_gate)
        {
            item.Session.KeptBy = item.Holder is { KeepsExecutions: true } keeper ? keeper.Key : null;
            End(item);
        }

        item.Conclude(turn);
        if (await item.Settled)
        {
            return item.Session.Count;
        }

        Stale(WorkKind.Orchestration, response.InstanceId, "nothing of the answer was written");
        return 0;
    }

    IReadOnlyList<Protocol.OrchestratorAction>? TakePart(OrchestrationItem item, OrchestratorResponse response)
    {
        try
        {
            return item.Parts.Take(response, options.CompletionBytesMax);
        }
        catch (WireException e)
        {
            Nonsense(item, e);
            throw;
        }
    }

    void Nonsense(PendingItem item, WireException e)
    {
        lock (_gate)
        {
            item.Answering = false;
            Log.Nonsense(environment.Log, item.Kind, item.Name, item.InstanceId, item.Holder?.Name ?? "", e.Message);
            GiveBack(item);
        }
    }

    /// <summary>A worker gives an item back; an unknown token is a late one and changes nothing.</summary>
    public void Abandon(string token, WorkKind kind)
    {
        lock (_gate)
        {
            if (_byToken.TryGetValue(token, out var item) && item.Kind == kind && !item.Answering)
            {
                if (item is AttemptItem attempt)
                {
                    GiveUp(attempt, "its worker gave it back");
                    return;
                }

                Log.Abandoned(environment.Log, kind, item.Name, item.Version, item.InstanceId, item.Holder?.Name ?? "");
                GiveBack(item);
            }
            else
            {
                Stale(kind, "", "an abandoned item is not with this worker any more");
            }
        }
    }

    /// <summary>
    /// By token; an answer without one (older workers know none) can only be about what its own connection's stream has.
    /// </summary>
    PendingItem? Find(string token, string connection, Func<PendingItem, bool> fits)
    {
        if (token.Length > 0)
        {
            return _byToken.TryGetValue(token, out var item) && fits(item) ? item : null;
        }

        return _byToken.Values.FirstOrDefault(i => i.Sent && i.Holder?.Connection == connection && fits(i));
    }

    void Stale(WorkKind kind, string instance, string why)
    {
        Interlocked.Increment(ref _stale);
        Log.Stale(environment.Log, kind, instance, why);
    }
}
