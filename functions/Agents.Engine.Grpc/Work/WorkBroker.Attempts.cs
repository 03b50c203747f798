using Agents.Contracts.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc.Work;

/// <summary>
/// Attempts of agent runs on workers of ours. A worker has an attempt while it has its token and its stream lives: only
/// then may it act or add text. What it says afterwards is evidence.
/// </summary>
internal sealed partial class WorkBroker
{
    readonly Dictionary<(string Instance, string Execution), string> _keepers = [];
    readonly Dictionary<string, WorkerStream> _left = [];
    readonly Dictionary<string, string> _lostAt = [];

    public string? KeeperOf(RemoteExecution execution)
    {
        lock (_gate)
        {
            return _keepers.GetValueOrDefault((execution.InstanceId.Value, execution.ExecutionId.Value));
        }
    }

    public void IsKept(RemoteExecution execution, string? by)
    {
        lock (_gate)
        {
            var key = (execution.InstanceId.Value, execution.ExecutionId.Value);
            if (by is null)
            {
                _keepers.Remove(key);
            }
            else
            {
                _keepers[key] = by;
            }
        }
    }

    /// <summary>Hands the attempt to a worker as soon as one is there, and returns what came of it.</summary>
    public async Task<ActivityOutcome> AttendAsync(ActivityWorkItem work, IActivityContext context, CancellationToken cancel)
    {
        AttemptItem item;
        lock (_gate)
        {
            var place = work.Mode == ActivityMode.Reconcile && _lostAt.Remove(work.AttemptToken, out var lost) ? lost : null;
            item = new AttemptItem(work, context, _keepers.GetValueOrDefault((work.InstanceId.Value, work.ExecutionId.Value)), place);
            Enqueue(item);
        }

        if (item.Place is not null)
        {
            After(options.SamePlaceWait, () => Anywhere(item));
        }

        await using var stops = cancel.UnsafeRegister(_ => Stop(item), null);
        return await item.Outcome;
    }

    /// <summary>Nobody came back to where the attempt was: whoever is there is asked, who may know less of it.</summary>
    void Anywhere(AttemptItem item)
    {
        lock (_gate)
        {
            item.Place = null;
            if (item.State == ItemState.Waiting)
            {
                _waiting.Remove(item);
                Enqueue(item);
            }
        }
    }

    void Stop(AttemptItem item)
    {
        lock (_gate)
        {
            if (item.State == ItemState.Over || (item.IsOnce && item.Acted))
            {
                return;
            }

            if (item is { Sent: true, Holder: { } holder, Token: { } token })
            {
                holder.Send(new StopNotice(item, token), token);
            }

            End(item);
        }

        item.Conclude(new ActivityOutcome.NotStarted());
    }

    /// <summary>The worker is gone, as far as anybody can see from here.</summary>
    void GiveUp(AttemptItem item, string why)
    {
        Log.AttemptLost(environment.Log, item.Name, item.InstanceId, why);
        if (item is { IsOnce: true, Acted: true, Holder.Place: { Length: > 0 } place })
        {
            _lostAt[item.Work.AttemptToken] = place;
        }

        End(item);
        item.Conclude(item is { IsOnce: true, Acted: false } ? new ActivityOutcome.NotStarted() : new ActivityOutcome.Lost(why));
    }

    /// <summary>
    /// A worker is back on another connection before it was given up, perhaps before its old one was seen to be broken: it
    /// still has its attempts.
    /// </summary>
    void TakeOver(WorkerStream worker)
    {
        if (!worker.RunsAgents)
        {
            return;
        }

        if (!_left.Remove(worker.Key, out var before))
        {
            before = _workers.FirstOrDefault(w => w != worker && w.RunsAgents && w.Key == worker.Key);
        }

        if (before is null)
        {
            return;
        }

        foreach (var item in before.Holds.OfType<AttemptItem>().Where(i => i.Sent).ToList())
        {
            before.Holds.Remove(item);
            before.Held[(int)item.Kind]--;
            worker.Holds.Add(item);
            worker.Held[(int)item.Kind]++;
            item.Holder = worker;
        }
    }

    AttemptItem? Held(string token) =>
        _byToken.TryGetValue(token, out var item) && item is AttemptItem { State: ItemState.Taken, Holder: { } holder } attempt
            && _workers.Contains(holder) ? attempt : null;

    /// <summary>Whether the attempt of that token may act now. False for one that another worker, or nobody, has by now.</summary>
    public bool MayAct(string token)
    {
        lock (_gate)
        {
            if (Held(token) is not { } item)
            {
                Stale(WorkKind.Activity, "", "an effect was refused: its attempt is not with this worker any more");
                return false;
            }

            var may = item.Context.MayAct();
            item.Acted |= may;
            return may;
        }
    }

    /// <summary>Adds text of an attempt, once, in order.</summary>
    public void Publish(PublishRequest request)
    {
        lock (_gate)
        {
            var item = Held(request.CompletionToken)
                ?? throw new RpcException(new Status(StatusCode.NotFound, "This attempt is not with this worker any more."));
            if (request.First > item.Published)
            {
                throw new RpcException(new Status(
                    StatusCode.FailedPrecondition, $"Piece {item.Published} of the attempt's text is missing: piece {request.First} came."));
            }

            foreach (var piece in request.Pieces.Skip((int)(item.Published - request.First)))
            {
                item.Context.Publish(new StreamDelta(piece.Kind, piece.Text, piece.Tokens));
                item.Published++;
            }
        }
    }

    /// <summary>Returns once the outcome is committed, kept as evidence, or found to mean nothing any more.</summary>
    public async Task SettleAsync(EngineClient client, SettleRequest request)
    {
        var outcome = AttemptWire.Outcome(request);
        AttemptItem? item;
        lock (_gate)
        {
            item = _byToken.TryGetValue(request.CompletionToken, out var found) && found is AttemptItem attempt
                && attempt.InstanceId.Value == request.InstanceId && attempt.Work.TaskId == request.TaskId ? attempt : null;
            if (item is not null)
            {
                End(item);
            }
        }

        if (item is null)
        {
            await KeepLateAsync(client, request, outcome);
            return;
        }

        item.Conclude(outcome);
        try
        {
            await item.Context.Settled.WaitAsync(s_keptWithin, Clock);
        }
        catch (TimeoutException)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"the outcome of '{item.Name}' is not kept yet; say it again later"));
        }
    }

    async Task KeepLateAsync(EngineClient client, SettleRequest request, ActivityOutcome outcome)
    {
        Stale(WorkKind.Activity, request.InstanceId, "the attempt had been given up on; what it came to is evidence at most");
        if (EffectWire.FromWire(request.Attempt?.Effect) is { } effect)
        {
            await client.KeepEvidenceAsync(new Effects.LateOutcome(
                new Contracts.Instances.InstanceId(request.InstanceId), new Contracts.Instances.ExecutionId(request.ExecutionId),
                request.TaskId, effect, request.Attempt!.Token,
                request.Attempt.Reconcile ? ActivityMode.Reconcile : ActivityMode.Execute, outcome));
        }
    }
}
