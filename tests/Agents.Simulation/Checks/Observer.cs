using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Store;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Checks;

/// <summary>
/// Stands at every door of a process and holds each thing that comes out against what is stored at that moment: its
/// cause must be durable already.
/// </summary>
sealed class Observer(SimScheduler scheduler, StorePeek store)
{
    readonly Dictionary<string, TimeSpan> _suspendedSince = [];

    /// <summary>Rows that waited in an inbox when its instance last changed its status; nobody takes them once it has ended.</summary>
    public Dictionary<long, IReadOnlyList<InboxRow>> LeftOver { get; } = [];

    public List<string> Breaches { get; } = [];

    public void Breach(string what)
    {
        scheduler.Trace.Say("CHECK", what);
        Breaches.Add(what);
    }

    public void SuspendCommitted(string instanceId, bool suspended)
    {
        if (suspended)
        {
            _suspendedSince[instanceId] = scheduler.Elapsed;
        }
        else
        {
            _suspendedSince.Remove(instanceId);
        }
    }

    public void ActivityStarted(SimLane lane, ActivityWorkItem item)
    {
        scheduler.Trace.Say(lane.Name, $"starts {item.Name}#{item.TaskId} of {item.InstanceId} {item.Mode} {item.Effect?.Tool}");
        if (store.Find(item.InstanceId) is not { } record)
        {
            return; // purged or lost with its node; a stale process cannot know
        }

        var execution = store.Executions(record.Key).FirstOrDefault(e => e.ExecutionId == item.ExecutionId);
        if (execution is null && record.Owner != lane.Name)
        {
            return; // another run has taken its place; a stale process cannot know
        }

        if (execution is null || store.EventAt(execution.Key, item.ScheduledSequence) is not TaskScheduled scheduled
            || scheduled.EventId != item.TaskId || scheduled.Name != item.Name)
        {
            Breach($"[I3] {item.InstanceId}: activity {item.Name}#{item.TaskId} started, its schedule at {item.ScheduledSequence} is not committed");
        }

        else if (scheduled.Effect?.Key != item.Effect?.Key)
        {
            Breach($"[I7] {item.InstanceId}: activity {item.Name}#{item.TaskId} started under the key {item.Effect?.Key}, scheduled was {scheduled.Effect?.Key}");
        }

        CheckPlace(lane, item, record);

        // Whoever lost the instance cannot know of a suspension, and one that was decided just before may still begin.
        if (record.Status == OrchestrationStatus.Suspended && record.Owner == lane.Name
            && _suspendedSince.TryGetValue(item.InstanceId, out var since)
            && scheduler.Elapsed - since > TimeSpan.FromMilliseconds(50))
        {
            Breach($"[suspend] {item.InstanceId}: activity {item.Name}#{item.TaskId} started although the run is suspended");
        }
    }

    /// <summary>Whoever owns the instance and begins what has a bound holds a place for it.</summary>
    void CheckPlace(SimLane lane, ActivityWorkItem item, InstanceRecord record)
    {
        if (item.Mode == ActivityMode.Execute && record.Owner == lane.Name
            && item.Tags?.GetValueOrDefault("queue")?.Split('/')[0] is { } queue && store.Queues().Any(q => q.Limit.Queue == queue)
            && !store.HoldsPlace(lane.Name, new PlaceKey(record.Key, record.OwnerEpoch, item.TaskId)))
        {
            Breach($"[queue] {item.InstanceId}: activity {item.Name}#{item.TaskId} began without a place in '{queue}'");
        }
    }

    /// <summary>The last moment before an effect.</summary>
    public void Acting(SimLane lane, ActivityWorkItem item)
    {
        if (item.Effect is not { Class: EffectClass.AtMostOnce } effect
            || store.Find(item.InstanceId) is not { } record
            || store.Executions(record.Key).All(e => e.ExecutionId != item.ExecutionId))
        {
            return; // the run is gone, perhaps replaced by another of its id
        }

        var entry = store.Ledger(item.InstanceId).FirstOrDefault(e => e.Key == effect.Key);
        if (entry is null)
        {
            Breach($"[I7] {item.InstanceId}: {lane.Name} acts on {effect.Tool} {effect.Key[..8]} without a durable intent");
        }
        else if (entry.AttemptToken == item.AttemptToken && entry.State == LedgerState.Absent
            && !World.SimWorld.Tool(effect.Tool).Fences)
        {
            Breach($"[I7] {item.InstanceId}: {lane.Name} acts on {effect.Tool} {effect.Key[..8]} whose attempt is settled as absent");
        }
    }

    public bool IsThere(string instanceId) => store.Find(instanceId) is not null;

    /// <summary>A reader was shown this; it must be committed.</summary>
    public void Shown(string instanceId, StreamItem item)
    {
        if (store.Find(instanceId) is not { } record)
        {
            return;
        }

        var execution = store.Executions(record.Key).LastOrDefault(e => e.Generation == item.Offset.Generation);
        if (execution is null)
        {
            return; // a fork shows the generations of the run it was cut from
        }

        var committed = item.Offset.Sequence < 0 || store.EventAt(execution.Key, item.Offset.Sequence) is not null;
        if (!committed || (item is not StreamItem.Event && !store.HasDelta(record.Key, item.Offset)))
        {
            Breach($"[I3] {instanceId}: a reader was shown {item.Offset}, which is not committed");
        }
    }
}
