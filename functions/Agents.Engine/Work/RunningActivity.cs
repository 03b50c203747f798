using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Instances;
using Agents.Engine.Live;

namespace Agents.Engine.Work;

/// <summary>One attempt of one activity in this process.</summary>
internal sealed class RunningActivity(
    NodeServices node, InstanceActor owner, ActivityWorkItem item, long intentAt, bool takenBack)
    : IActivityContext
{
    readonly CancellationTokenSource _cancel = new();
    readonly Lock _gate = new();
    bool _acted;
    bool _stopped;

    public ActivityWorkItem Item { get; } = item;

    public DeltaBuffer Deltas { get; } = new(node.Options, node.Clock, takenBack);

    public bool IsAtMostOnce => Item.Effect is { Class: EffectClass.AtMostOnce };

    public IHistorySource History => node.History;

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

    /// <summary>Runs the attempt to its outcome and hands that to the owner, or keeps it as evidence when the owner is gone.</summary>
    public async Task RunAsync()
    {
        // Activities of one turn start side by side; a long synchronous part must not hold up the actor.
        await Task.Yield();
        await node.Slots.TakeAsync();
        ActivityOutcome outcome;
        using var acting = IsAtMostOnce && Item.Mode == ActivityMode.Execute ? node.Attempts.Enter(Item.Effect!.Key) : null;
        try
        {
            // Waiting for a slot may take long; what was suspended or given up meanwhile does not begin any more.
            outcome = owner.HoldsStarts ? new ActivityOutcome.NotStarted() : await RunHostAsync();
        }
        finally
        {
            node.Slots.Release();
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
        catch (Exception e) when (Item.Mode == ActivityMode.Reconcile)
        {
            return new ActivityOutcome.InDoubt($"the probe failed: {e.Message}");
        }
        catch (OperationCanceledException) when (_cancel.IsCancellationRequested)
        {
            return new ActivityOutcome.NotStarted();
        }
        catch (Exception e)
        {
            return new ActivityOutcome.Failed(FailureDetails.From(e));
        }
    }

    /// <summary>A receipt nobody waits for any more still settles its entry.</summary>
    public async Task KeepEvidenceAsync(ActivityOutcome outcome)
    {
        if (!IsAtMostOnce || Item.Effect is not { } effect)
        {
            return;
        }

        var state = outcome switch
        {
            ActivityOutcome.Completed => LedgerState.Receipt,

            // Of the attempt itself only: a probe that was cut short knows nothing of the attempt it asked about.
            ActivityOutcome.NotStarted when Item.Mode == ActivityMode.Execute => LedgerState.Absent,
            _ => (LedgerState?)null,
        };
        if (state is { } settled)
        {
            var entry = Entry(effect, settled) with
            {
                Receipt = (outcome as ActivityOutcome.Completed)?.Result,
                Evidence = "executor, after the run had moved on",
                SettledAt = node.Clock.GetUtcNow(),
            };
            if (await node.Committer.SubmitAsync(new Store.EvidenceWrite(entry)) is Store.WriteOutcome.EvidenceKept { Settled: true })
            {
                // Whoever holds the run in doubt has its answer now.
                node.Wake(Item.InstanceId);
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
