using Agents.Contracts.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Grpc.Core;

namespace Agents.Engine.Grpc.Work;

/// <summary>Activities that tools of this process call: no history stands behind them, so their caller waits here.</summary>
internal sealed partial class WorkBroker
{
    /// <summary>What the SDKs say of an activity that nobody registered: it was not begun.</summary>
    static readonly HashSet<string> s_notRegistered =
        ["ActivityTaskNotFound", "ActivityNotRegisteredError", "ActivityNotRegisteredException"];

    static readonly TimeSpan s_keptWithin = TimeSpan.FromSeconds(30);

    readonly HashSet<CallItem> _calls = [];

    /// <summary>Takes in what is said of a call that was given up on; null: it is dropped.</summary>
    public Func<LateAnswer, Task>? Late { get; set; }

    public async Task<WorkerAnswer> CallAsync(WorkerCall call, CancellationToken cancel)
    {
        var item = new CallItem(call);
        lock (_gate)
        {
            _calls.Add(item);
            Enqueue(item);
        }

        await using var taken = cancel.UnsafeRegister(_ => TakeBack(item, cancel), null);
        return await item.Answer;
    }

    void TakeBack(CallItem item, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (item.State == ItemState.Over)
            {
                return;
            }

            End(item);
        }

        item.Cancel(cancel);
    }

    /// <summary>The last look before a worker is given the call; counts its time from here on.</summary>
    bool LetGo(CallItem item, string token)
    {
        if (!item.Call.MayGo())
        {
            End(item);
            item.Conclude(new WorkerAnswer.NotStarted());
            return false;
        }

        item.WaitFor(After(item.Call.Timeout, () =>
        {
            lock (_gate)
            {
                if (item.Token == token && item.State == ItemState.Taken)
                {
                    GiveUp(item, $"worker {item.Holder?.Name} has not answered for {item.Call.Timeout.TotalSeconds:0} s");
                }
            }
        }));
        return true;
    }

    /// <summary>Nobody can say what came of it, and no other worker may have it.</summary>
    void GiveUp(CallItem item, string why)
    {
        Log.GivenUp(environment.Log, item.Name, item.InstanceId, why);
        End(item);
        item.Conclude(new WorkerAnswer.Lost(why));
    }

    /// <summary>False: the answer is about no call that is open.</summary>
    async Task<bool> AnswerCallAsync(ActivityResponse response, string connection)
    {
        CallItem? item;
        lock (_gate)
        {
            item = Find(response.CompletionToken, connection, i => i is CallItem c && c.InstanceId.Value == response.InstanceId
                && c.Call.TaskId == response.TaskId) as CallItem;
            if (item?.Holder is { } holder && s_notRegistered.Contains(response.FailureDetails?.ErrorType ?? ""))
            {
                Log.NotKnownThere(environment.Log, item.Name, item.Version, holder.Name);
                holder.Unknown.Add((item.Name, item.Version));
                TakeFrom(holder, item);
                TellCalls();
                return true;
            }

            if (item is not null)
            {
                End(item);
            }
        }

        if (item is null)
        {
            return await AnswerLateAsync(response);
        }

        item.Conclude(AnswerOf(response));

        // The worker forgets the call with our OK: that waits until what it said is kept.
        try
        {
            await item.Call.Kept.WaitAsync(s_keptWithin, Clock);
        }
        catch (TimeoutException)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"what '{item.Name}' answered is not kept yet; say it again later"));
        }

        return true;
    }

    async Task<bool> AnswerLateAsync(ActivityResponse response)
    {
        if (CallItem.AttemptOf(response.CompletionToken) is not { } attempt || Late is not { } late)
        {
            return false;
        }

        Stale(WorkKind.Activity, response.InstanceId, "the call had been given up on; what was said is kept as evidence");
        await late(new LateAnswer(new Contracts.Instances.InstanceId(response.InstanceId), attempt, AnswerOf(response)));
        return true;
    }

    static WorkerAnswer AnswerOf(ActivityResponse response) => response.FailureDetails is null
        ? new WorkerAnswer.Completed(response.Result)
        : new WorkerAnswer.Failed(FailureWire.FromWire(response.FailureDetails)!);

    /// <summary>Says to a waiting call whether anybody connected takes it, where that has changed.</summary>
    void Tell(PendingItem item)
    {
        if (item is not CallItem call)
        {
            return;
        }

        var unserved = call.State == ItemState.Waiting
            && !_workers.Any(w => w.Takes(call) && !call.IsRefusedBy(w));
        if (call.ToldUnserved != unserved)
        {
            call.ToldUnserved = unserved;
            call.Call.Unserved(unserved);
        }
    }

    void TellCalls()
    {
        foreach (var call in _calls)
        {
            Tell(call);
        }
    }
}
