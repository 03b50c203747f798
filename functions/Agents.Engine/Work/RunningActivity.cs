using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Effects;
using Agents.Engine.Instances;
using Agents.Engine.Live;
using Agents.Engine.Store;

namespace Agents.Engine.Work;

/// <summary>One attempt of one activity in this process.</summary>
internal sealed class RunningActivity(
    NodeServices node, InstanceActor owner, Share share, ActivityWorkItem item, long intentAt, bool takenBack)
    : IActivityContext
{
    const int EvidenceAttemptsMax = 20;
    static readonly TimeSpan s_evidenceEvery = TimeSpan.FromSeconds(3);

    readonly CancellationTokenSource _cancel = new();
    readonly Lock _gate = new();
    readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    bool _acted;
    bool _stopped;
    int _hasSlot;

    public ActivityWorkItem Item { get; } = item;

    public DeltaBuffer Deltas { get; } = new(node.Options, node.Clock, takenBack);

    public bool IsAtMostOnce => Item.Effect is { Class: EffectClass.AtMostOnce };

    public IHistorySource History => node.History;

    public Task Settled => _settled.Task;

    public bool IsHeld => owner.HoldsStarts;

    public void GoElsewhere()
    {
        if (Interlocked.Exchange(ref _hasSlot, 0) == 1)
        {
            node.Slots.Release();
        }
    }

    public bool MayAct()
    {
        lock (_gate)
        {
            if (_stopped || owner.IsClosed || node.Clock.GetElapsedTime(intentAt) > node.Options.StartDeadline)
            {
                return false;
            }

            _acted = true;
            return true;
        }
    }

    public void Publish(StreamDelta delta)
    {
        if (Deltas.Add(delta))
        {
            owner.Post(new Mail.Flush(this));
        }
    }

    /// <summary>
    /// Stops the attempt, but for an AtMostOnce effect that has begun: cutting it off would only turn an outcome that is
    /// about to be known into a doubt. Its receipt still settles the ledger.
    /// </summary>
    public void CancelUnlessActed()
    {
        lock (_gate)
        {
            if (IsAtMostOnce && _acted)
            {
                return;
            }

            _stopped = true;
        }

        _cancel.Cancel();
    }

    /// <summary>The outcome is written, or nobody will write it.</summary>
    public void Settle() => _settled.TrySetResult();

    /// <summary>Runs the attempt to its outcome and hands that to the owner, or keeps it as evidence when the owner is gone.</summary>
    public async Task RunAsync()
    {
        // Activities of one turn start side by side; a long synchronous part must not hold up the actor.
        await Task.Yield();
        await node.Slots.TakeAsync(share);
        _hasSlot = 1;
        ActivityOutcome outcome;
        using var acting = IsAtMostOnce && Item.Mode == ActivityMode.Execute ? node.Attempts.Enter(Item.Effect!.Key) : null;
        try
        {
            // Waiting for a slot may take long; what was suspended or given up meanwhile does not begin any more.
            outcome = owner.HoldsStarts ? new ActivityOutcome.NotStarted() : await RunHostAsync();
        }
        finally
        {
            GoElsewhere();
        }

        if (!owner.Post(new Mail.Finished(this, outcome)))
        {
            await KeepEvidenceAsync(outcome);
        }
    }

    async Task<ActivityOutcome> RunHostAsync()
    {
        try
        {
            if (!node.Activities.CanRun(Item.Name, Item.Version))
            {
                return new ActivityOutcome.Failed(new FailureDetails(
                    "ActivityTaskNotFound", $"No activity named '{Item.Name}' is registered here.", IsNonRetriable: true));
            }

            return await node.Activities.RunAsync(Item, this, _cancel.Token);
        }
        catch (Exception e) when (IsAtMostOnce && Item.Mode == ActivityMode.Execute)
        {
            return !_acted
                ? new ActivityOutcome.NotStarted()
                : new ActivityOutcome.InDoubt($"the attempt ended without an outcome: {e.Message}");
        }
        catch (OperationCanceledException) when (_cancel.IsCancellationRequested)
        {
            return new ActivityOutcome.NotStarted(); // a probe too: it is asked again, not a person
        }
        catch (Exception e) when (Item.Mode == ActivityMode.Reconcile)
        {
            return new ActivityOutcome.InDoubt($"the probe failed: {e.Message}");
        }
        catch (Exception e)
        {
            return new ActivityOutcome.Failed(FailureDetails.From(e));
        }
    }

    /// <summary>
    /// An outcome nobody waits for any more still counts. Whoever owns the run now hears of it through the inbox; the
    /// ledger of a finished run is settled directly.
    /// </summary>
    public async Task KeepEvidenceAsync(ActivityOutcome outcome)
    {
        try
        {
            await KeepAsync(outcome);
        }
        finally
        {
            Settle();
        }
    }

    async Task KeepAsync(ActivityOutcome outcome)
    {
        if (Item.Effect is not { } effect)
        {
            return;
        }

        var late = new LateOutcome(Item.InstanceId, Item.ExecutionId, Item.TaskId, effect, Item.AttemptToken, Item.Mode, outcome);
        for (var attempt = 0; attempt < EvidenceAttemptsMax; attempt++)
        {
            try
            {
                await new Evidence(node).KeepAsync(late);
                return;
            }
            catch (Exception e) when (e is StoreUnavailableException or UnknownOutcomeException)
            {
                // The same word again is no other word: it names its attempt and its row has a dedup key.
                await Task.Delay(s_evidenceEvery, node.Clock);
            }
        }
    }

    public LedgerEntry Entry(EffectIntent effect, LedgerState state) => new()
    {
        Key = effect.Key,
        InstanceId = Item.InstanceId,
        ExecutionId = Item.ExecutionId,
        TaskId = Item.TaskId,
        Tool = effect.Tool,
        State = state,
        AttemptToken = Item.AttemptToken,
        IntentAt = node.Clock.GetUtcNow(),
    };
}
