using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>
/// Owner of one instance on this node: takes mail, one step at a time, each step one commit. Whoever posts first runs
/// the pump on its own thread; there is no thread per instance and no lock across an await.
/// </summary>
internal sealed class InstanceActor(NodeServices node, string instanceId)
{
    static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);

    [ThreadStatic]
    static bool t_starting;

    readonly Lock _gate = new();
    List<Mail> _mail = [];
    bool _running;
    bool _closed;
    bool _held;
    HotInstance? _hot;
    ITimer? _timer;
    DateTimeOffset? _timerAt;
    TaskCompletionSource? _drained;
    Contracts.Work.IRemoteTurn? _out;

    public string InstanceId => instanceId;

    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>No attempt may begin now: the run is suspended, being given up, or gone.</summary>
    public bool HoldsStarts => IsClosed || Volatile.Read(ref _held);

    /// <summary>Said before the commit of a suspension: nothing may begin from that commit on.</summary>
    public void HoldStarts(bool hold) => Volatile.Write(ref _held, hold);

    /// <summary>Monotonic time of the last step; idle instances with the oldest go first when memory is needed.</summary>
    public long LastStepAt { get; private set; }

    /// <summary>Nothing runs here now, so that giving it up costs a replay and nothing else.</summary>
    public bool IsIdle => _hot is { InFlight.Count: 0, Offered.Count: 0 };

    /// <summary>False: this actor has closed; whoever has mail must find or make another.</summary>
    public bool Post(Mail mail)
    {
        Contracts.Work.IRemoteTurn? taken;
        bool starts;
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            _mail.Add(mail);
            starts = !_running;
            _running = true;
            taken = IsUrgent(mail) ? _out : null;
        }

        taken?.Withdraw();
        if (starts)
        {
            Start();
        }

        return true;
    }

    /// <summary>What does not wait until a turn that is with a worker comes back.</summary>
    static bool IsUrgent(Mail mail) => mail is Mail.Drain or Mail.Leave || ReferenceEquals(mail, Mail.Inbox.Urgent);

    /// <summary>A turn has gone out, or is back (null).</summary>
    public void TurnIsOut(Contracts.Work.IRemoteTurn? turn)
    {
        lock (_gate)
        {
            _out = turn;
            turn = _mail.Exists(IsUrgent) ? turn : null;
        }

        turn?.Withdraw();
    }

    /// <summary>
    /// On the caller's thread, unless that is starting a pump already: a store may write at once, and then an instance
    /// that wakes another (or its next generation) would otherwise pile their steps up on one stack.
    /// </summary>
    void Start()
    {
        if (t_starting)
        {
            _ = PumpLaterAsync();
            return;
        }

        t_starting = true;
        try
        {
            _ = PumpAsync();
        }
        finally
        {
            t_starting = false;
        }
    }

    async Task PumpLaterAsync()
    {
        await Task.Yield();
        await PumpAsync();
    }

    /// <summary>Completes once the instance is given up.</summary>
    public Task DrainAsync()
    {
        TaskCompletionSource drained;
        lock (_gate)
        {
            if (_closed)
            {
                return Task.CompletedTask;
            }

            drained = _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        Post(Mail.Drain.Now);
        return drained.Task;
    }

    async Task PumpAsync()
    {
        while (true)
        {
            List<Mail> mail;
            lock (_gate)
            {
                if (_mail.Count == 0 || _closed)
                {
                    _running = false;
                    return;
                }

                mail = _mail;
                _mail = [];
            }

            try
            {
                await StepAsync(mail);
            }
            catch (Exception e)
            {
                KeepEvidence(mail);
                await FaultAsync(e);
            }
        }
    }

    async Task StepAsync(List<Mail> mail)
    {
        if (_hot is null)
        {
            _hot = await new InstanceLoader(node).LoadAsync(instanceId);
            if (_hot is null)
            {
                Close(wakeAgain: false);
                return;
            }

            _hot.Places = new Queues.Places(node, this, _hot);
            if (_hot.Record.ClaimsWithoutProgress > node.Options.ClaimsWithoutProgressMax)
            {
                await ParkAsync(_hot, $"AG1003: {_hot.Record.ClaimsWithoutProgress} claims in a row led to no commit");
                return;
            }

            mail.Add(Mail.Inbox.Hint);
            if (_hot.Match != Contracts.Work.OrchestratorMatch.OtherVersion
                && !await new Recovery(node, _hot).BeginAsync())
            {
                KeepEvidence(mail);
                Close(wakeAgain: true);
                return;
            }
        }

        if (mail.OfType<Mail.ToBeHad>().Any(m => m.InstanceKey != _hot.Record.Key || m.Epoch > _hot.Record.OwnerEpoch))
        {
            Log.Fenced(node.Log, instanceId);
            KeepEvidence(mail);
            Close(wakeAgain: true);
            return;
        }

        LastStepAt = node.Clock.GetTimestamp();
        var result = await new Step(node, this, _hot).RunAsync(mail);
        HoldStarts(_hot.State.Suspended || _hot.Draining);
        await FollowAsync(_hot, result, mail);
    }

    async Task FollowAsync(HotInstance hot, StepResult result, List<Mail> mail)
    {
        switch (result)
        {
            case StepResult.Goes:
                ArmTimer(hot);
                break;
            case StepResult.Parks parks:
                KeepEvidence(mail);
                await ParkAsync(hot, parks.Reason);
                break;
            case StepResult.Fenced:
                Log.Fenced(node.Log, instanceId);
                KeepEvidence(mail);
                Close(wakeAgain: true);
                break;
            case StepResult.Renewed:
                Close(wakeAgain: true);
                break;
            case StepResult.HandedOn:
                Close(wakeAgain: false, handedOn: true);
                break;
            default:
                Close(wakeAgain: false);
                break;
        }
    }

    void ArmTimer(HotInstance hot)
    {
        var next = hot.State.NextTimer();
        if (next == _timerAt)
        {
            return;
        }

        _timerAt = next;
        if (next is not { } at)
        {
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        // Long waits are cut and looked at again, so that a wall clock that was set makes a timer a minute late at most.
        var due = at - node.Clock.GetUtcNow();
        due = due < TimeSpan.Zero ? TimeSpan.Zero : due > s_longestWait ? s_longestWait : due;
        _timer ??= node.Clock.CreateTimer(
            static actor => ((InstanceActor)actor!).TimerElapsed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    void TimerElapsed()
    {
        _timerAt = null;
        Post(Mail.Timer.Hint);
    }

    async Task ParkAsync(HotInstance hot, string reason)
    {
        Log.Parked(node.Log, instanceId, reason);
        var outcome = await node.Committer.SubmitAsync(new InstanceCommit
        {
            InstanceKey = hot.Record.Key,
            ExecutionKey = hot.Record.Execution.Key,
            OwnerEpoch = hot.Record.OwnerEpoch,
            ExpectedSequence = hot.State.NextSequence,
            CommitId = node.NewCommitId(),
            Now = node.Clock.GetUtcNow(),
            Park = reason,
            Release = true,
        });

        // Not written: then it is neither parked nor anybody's to look after, unless it is looked at again.
        Close(wakeAgain: outcome is not WriteOutcome.Committed);
    }

    /// <summary>A fault of ours: reload from the store; claims without progress are counted there and end in parking.</summary>
    async Task FaultAsync(Exception e)
    {
        // A store that takes no writes has been named already, what cannot be read is named with the parking; in both the
        // instance is as it was.
        if (e is not InvalidDataException && (e is not (StoreUnavailableException or UnknownOutcomeException) || node.Committer.Problem is null))
        {
            Log.ActorFault(node.Log, e, instanceId, e.Message);
        }

        try
        {
            if (_hot is { } hot && e is InvariantException)
            {
                await ParkAsync(hot, $"AG1001: {e.Message}");
                return;
            }

            if (_hot is null && e is InvariantException or InvalidDataException)
            {
                await ParkUnloadedAsync(e.Message);
                return;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), node.Clock);
        }
        catch (Exception second)
        {
            Log.ActorFault(node.Log, second, instanceId, second.Message);
        }

        Close(wakeAgain: true);
    }

    async Task ParkUnloadedAsync(string reason)
    {
        var row = await node.Store.Queries.FindAsync(instanceId, CancellationToken.None);
        var wakeAgain = false;
        if (row?.Owner == node.Options.NodeId)
        {
            Log.Parked(node.Log, instanceId, reason);
            var outcome = await node.Committer.SubmitAsync(new InstanceCommit
            {
                InstanceKey = row.Key,
                ExecutionKey = row.Execution.Key,
                OwnerEpoch = row.OwnerEpoch,
                ExpectedSequence = row.NextSequence,
                CommitId = node.NewCommitId(),
                Now = node.Clock.GetUtcNow(),
                Park = $"AG1001: {reason}",
                Release = true,
            });
            wakeAgain = outcome is not WriteOutcome.Committed;
        }

        Close(wakeAgain);
    }

    /// <summary>No step of this owner writes these outcomes; a receipt among them still settles its entry.</summary>
    static void KeepEvidence(List<Mail> mail)
    {
        foreach (var finished in mail.OfType<Mail.Finished>())
        {
            _ = finished.Activity.KeepEvidenceAsync(finished.Outcome);
        }
    }

    /// <summary>Ends this actor. Attempts still running hand their receipts in as evidence.</summary>
    void Close(bool wakeAgain, bool handedOn = false)
    {
        List<Mail> left;
        lock (_gate)
        {
            _closed = true;
            left = _mail;
            _mail = [];
        }

        _timer?.Dispose();
        _hot?.Session?.Dispose();
        if (_hot is { } hot)
        {
            if (hot.IsRemote)
            {
                hot.Remote?.Dispose();
                if (hot.State.Status is not (Contracts.Instances.OrchestrationStatus.Completed
                    or Contracts.Instances.OrchestrationStatus.Failed or Contracts.Instances.OrchestrationStatus.ContinuedAsNew))
                {
                    node.Remote!.Withdraw(new(instanceId), new(hot.ExecutionId), over: true);
                }
            }

            hot.Places.GiveAllBack();
            node.HotBytesChanged(-hot.SessionBytes);
            foreach (var activity in hot.InFlight.Values)
            {
                activity.CancelUnlessActed();
            }
        }

        node.Closed(this);
        KeepEvidence(left);
        if (wakeAgain || (!handedOn && left.Any(m => m is Mail.Inbox)))
        {
            node.Wake(instanceId);
        }
        else
        {
            node.Membership.Released(instanceId, handedOn);
        }

        node.Live.Released(instanceId);
        _drained?.TrySetResult();
    }
}
