using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc.Work;

/// <summary>
/// The work of one task hub: what waits, who is connected, and who has what under which token. Safety is not here: an
/// answer counts only if the engine still waits for it; this decides who is asked.
/// </summary>
internal sealed partial class WorkBroker(
    Func<string, string?, bool> isLocal, DurableTaskOptions options, EngineEnvironment environment) : IRemoteWork, IConnectedWorkers
{
    readonly Lock _gate = new();
    readonly WaitingItems _waiting = new();
    readonly HashSet<WorkerStream> _workers = [];
    readonly Dictionary<string, PendingItem> _byToken = [];
    readonly Dictionary<(string Instance, string Execution), HashSet<ActivityItem>> _activities = [];
    long _order;
    long _stale;
    IHistorySource? _history;

    public DurableTaskOptions Options => options;

    /// <summary>Where committed history is read; set once the node is there.</summary>
    public IHistorySource History
    {
        get => _history ?? throw new InvalidOperationException("the broker is not joined to a node");
        set => _history = value;
    }

    /// <summary>Completions that came too late to mean anything.</summary>
    public long StaleCompletions => Interlocked.Read(ref _stale);

    public int Workers
    {
        get
        {
            lock (_gate)
            {
                return _workers.Count;
            }
        }
    }

    TimeProvider Clock => environment.Clock;

    /// <summary>Which orchestrators are agent runs, whose turns workers of ours take and whose activities stay with the node.</summary>
    public Func<string, string?, bool> IsAgentWork { get; init; } = static (_, _) => false;

    public bool IsRemote(string name, string? version) => !isLocal(name, version);

    public bool KeepsActivities(string name, string? version) => IsAgentWork(name, version);

    public IRemoteSession Open(RemoteExecution execution) => new RemoteSession(this, execution);

    public void Offer(ActivityWorkItem item)
    {
        var activity = new ActivityItem(item);
        lock (_gate)
        {
            var key = (activity.InstanceId.Value, activity.ExecutionId.Value);
            if (!_activities.TryGetValue(key, out var open))
            {
                _activities[key] = open = [];
            }

            open.Add(activity);
            Enqueue(activity);
        }
    }

    /// <summary>Something is with a worker, or with one that was cut off and may still complete it.</summary>
    public bool IsOut
    {
        get
        {
            lock (_gate)
            {
                return _byToken.Count > 0;
            }
        }
    }

    public IReadOnlyList<int> Withdraw(InstanceId instance, ExecutionId execution, bool over)
    {
        lock (_gate)
        {
            if (!_activities.TryGetValue((instance.Value, execution.Value), out var open))
            {
                return [];
            }

            var taken = open.Where(a => a.State == ItemState.Waiting).ToList();
            foreach (var activity in over ? open.ToList() : taken)
            {
                End(activity);
            }

            return [.. taken.Select(a => a.TaskId)];
        }
    }

    public void Add(OrchestrationItem turn)
    {
        lock (_gate)
        {
            Enqueue(turn);
        }
    }

    /// <summary>Takes a turn back, wherever it is, unless its answer is being taken in.</summary>
    public void Withdraw(OrchestrationItem turn)
    {
        lock (_gate)
        {
            if (turn.Answering || turn.State == ItemState.Over)
            {
                return;
            }

            End(turn);
        }

        turn.Conclude(null);
    }

    public void Connect(WorkerStream worker)
    {
        lock (_gate)
        {
            _workers.Add(worker);
            TakeOver(worker);
            Fill(worker);
            TellCalls();
        }
    }

    /// <summary>
    /// The stream is gone. What its worker never saw goes on at once; the rest after a grace in which it may still be
    /// completed.
    /// </summary>
    public void Disconnect(WorkerStream worker)
    {
        lock (_gate)
        {
            _workers.Remove(worker);
            worker.End();
            foreach (var item in worker.Holds.Where(i => !i.Sent).ToList())
            {
                TakeFrom(worker, item);
            }

            TellCalls();
            if (worker.Holds.Count == 0)
            {
                return;
            }

            _left[worker.Key] = worker;
        }

        After(options.Grace, () =>
        {
            lock (_gate)
            {
                if (_left.GetValueOrDefault(worker.Key) == worker)
                {
                    _left.Remove(worker.Key);
                }

                foreach (var item in worker.Holds.Where(i => !i.Answering).ToList())
                {
                    if (item is AttemptItem attempt)
                    {
                        GiveUp(attempt, $"worker {worker.Name} lost its connection while it had the attempt");
                        continue;
                    }

                    if (item is CallItem { Call.Once: not null } once)
                    {
                        GiveUp(once, $"worker {worker.Name} lost its connection while it had the call");
                        continue;
                    }

                    Log.Redelivered(environment.Log, item.Kind, item.Name, item.InstanceId, worker.Name);
                    TakeFrom(worker, item);
                }
            }
        });
    }

    /// <summary>Whether the item still is with that worker under that token: asked just before it is sent.</summary>
    public bool MarkSent(PendingItem item, string token)
    {
        lock (_gate)
        {
            if (item.Token != token || item.State != ItemState.Taken)
            {
                return false;
            }

            if (item is CallItem call && !LetGo(call, token))
            {
                return false;
            }

            item.Sent = true;
        }

        if (item is OrchestrationItem)
        {
            After(options.TurnLease, () => Expire(item, token));
        }

        return true;
    }

    void Expire(PendingItem item, string token)
    {
        lock (_gate)
        {
            if (item.Token == token && item is { State: ItemState.Taken, Answering: false, Holder: { } holder })
            {
                Log.Expired(environment.Log, item.Name, item.InstanceId, holder.Name);
                GiveBack(item);
            }
        }
    }

    /// <summary>A worker cannot do this one: others may have it now, the same worker after a while.</summary>
    void GiveBack(PendingItem item)
    {
        var now = Clock.GetUtcNow();
        item.WaitingSince = item.Abandons == 0 ? now : item.WaitingSince;
        var wait = options.BackoffMin * Math.Pow(2, Math.Min(item.Abandons++, 16));
        wait = wait > options.BackoffMax ? options.BackoffMax : wait;
        item.KeptUntil = now + wait;
        item.GivenBackBy.RemoveWhere(w => !_workers.Contains(w));
        if (item.Holder is { } holder)
        {
            item.GivenBackBy.Add(holder);
            TakeFrom(holder, item);
        }

        After(wait, () =>
        {
            lock (_gate)
            {
                item.KeptUntil = default; // the timer is the judge: its clock and the wall's differ by a little
                foreach (var worker in item.GivenBackBy.Where(_workers.Contains).ToList())
                {
                    Fill(worker);
                }
            }
        });
    }

    // Everything below runs under the gate.
    void Enqueue(PendingItem item)
    {
        item.State = ItemState.Waiting;
        if (item.Order == 0)
        {
            item.Order = ++_order;
        }

        var now = Clock.GetUtcNow();
        if (item.Abandons == 0)
        {
            item.WaitingSince = now;
        }

        if (Choose(item, now) is not { } worker)
        {
            _waiting.Add(item);
            Tell(item);
        }
        else
        {
            Assign(item, worker);
        }
    }

    /// <summary>Who has most of it already, else who has least to do; null: nobody can take it now.</summary>
    WorkerStream? Choose(PendingItem item, DateTimeOffset now)
    {
        WorkerStream? idlest = null;
        foreach (var worker in _workers)
        {
            if (!worker.HasRoom(item.Kind) || !worker.Takes(item) || WaitingItems.IsKeptFrom(item, worker, now))
            {
                continue;
            }

            if (worker.Key == item.Preferred)
            {
                return worker;
            }

            idlest = idlest is null || worker.Load(item.Kind) < idlest.Load(item.Kind) ? worker : idlest;
        }

        return idlest;
    }

    void Fill(WorkerStream worker)
    {
        var now = Clock.GetUtcNow();
        foreach (var kind in (ReadOnlySpan<WorkKind>)[WorkKind.Orchestration, WorkKind.Activity])
        {
            while (worker.HasRoom(kind) && _waiting.Oldest(kind, worker, now) is { } item)
            {
                _waiting.Remove(item);
                Assign(item, worker);
            }
        }
    }

    void Assign(PendingItem item, WorkerStream worker)
    {
        var token = item.TokenOf(environment.Ids.NextGuid());
        (item.State, item.Token, item.Holder, item.Sent) = (ItemState.Taken, token, worker, false);
        (item as OrchestrationItem)?.Parts.Clear();
        _byToken[token] = item;
        worker.Holds.Add(item);
        worker.Held[(int)item.Kind]++;
        Tell(item);
        worker.Send(item, token);
    }

    void Free(PendingItem item)
    {
        if (item.Token is { } token)
        {
            _byToken.Remove(token);
            item.Token = null;
        }

        if (item.Holder is { } worker && worker.Holds.Remove(item))
        {
            worker.Held[(int)item.Kind]--;
            item.Holder = null;
            if (_workers.Contains(worker))
            {
                Fill(worker);
            }
        }
    }

    void TakeFrom(WorkerStream worker, PendingItem item)
    {
        if (item.Holder == worker)
        {
            item.State = ItemState.Waiting;
            Free(item);
            Enqueue(item);
        }
    }

    /// <summary>Nobody waits for it any more.</summary>
    void End(PendingItem item)
    {
        item.State = ItemState.Over;
        _waiting.Remove(item);
        Free(item);
        if (item is CallItem call)
        {
            _calls.Remove(call);
            call.Ended();
        }
        else if (item is ActivityItem activity
            && _activities.TryGetValue((item.InstanceId.Value, item.ExecutionId.Value), out var open)
            && open.Remove(activity) && open.Count == 0)
        {
            _activities.Remove((item.InstanceId.Value, item.ExecutionId.Value));
        }
    }

    ITimer After(TimeSpan wait, Action act)
    {
        ITimer? timer = null;
        timer = Clock.CreateTimer(
            _ =>
            {
                timer?.Dispose();
                act();
            },
            null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(wait, Timeout.InfiniteTimeSpan);
        return timer;
    }
}
