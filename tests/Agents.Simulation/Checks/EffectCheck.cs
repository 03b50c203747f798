using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Engine.Store;
using Agents.Simulation.Workload;
using Agents.Simulation.World;

namespace Agents.Simulation.Checks;

/// <summary>[I7] What the world saw against what ledger and histories say of it.</summary>
sealed class EffectCheck(StorePeek store, Observer observer, Journal journal, SimWorld world)
{
    public void Run()
    {
        var entries = store.All().SelectMany(v => store.Ledger(v.InstanceId)).ToDictionary(e => e.Key);
        foreach (var group in world.Arrivals.Where(a => !a.Refused).GroupBy(a => a.Key))
        {
            World(group.Key, [.. group], entries);
        }

        foreach (var view in store.All())
        {
            var record = store.Find(view.InstanceId)!;
            foreach (var execution in store.Executions(record.Key))
            {
                Results(record, execution, entries);
            }
        }
    }

    void World(string key, List<Arrival> arrivals, Dictionary<string, LedgerEntry> entries)
    {
        var first = arrivals[0];
        if (first.Class == EffectClass.AtMostOnce && arrivals.Count > 1)
        {
            observer.Breach($"[I7] {first.Tool} {key[..8]} happened {arrivals.Count} times: {string.Join(", ", arrivals.Select(a => a.At.TotalSeconds))}");
        }

        if (arrivals.Exists(a => a.Bytes != first.Bytes))
        {
            observer.Breach($"[I7] {first.Tool} {key[..8]} came with other bytes");
        }

        if (entries.TryGetValue(key, out var entry) && entry.State == LedgerState.Absent)
        {
            observer.Breach($"[I7] {first.Tool} {key[..8]} happened, the ledger of {entry.InstanceId} says absent: {entry.Evidence}");
        }
    }

    /// <summary>A result in history has its receipt, and a receipt its effect, unless a person said otherwise.</summary>
    void Results(InstanceRecord record, ExecutionRecord execution, Dictionary<string, LedgerEntry> entries)
    {
        var events = store.Events(record, execution);
        var own = events.Where(e => e.Sequence >= (execution.Cut?.Sequence ?? 0)).Select(e => e.Event).ToList();
        var completed = own.OfType<TaskCompleted>().Select(c => c.TaskScheduledId).ToHashSet();
        foreach (var task in own.OfType<TaskScheduled>().Where(t => t.Effect?.Class == EffectClass.AtMostOnce))
        {
            var key = task.Effect!.Key;
            var entry = entries.GetValueOrDefault(key);
            if (!completed.Contains(task.EventId))
            {
                continue;
            }

            if (entry?.State != LedgerState.Receipt)
            {
                observer.Breach($"[I7] {record.InstanceId}: {task.Effect.Tool} {key[..8]} has a result, its ledger entry is {entry?.State.ToString() ?? "missing"}");
            }
            else if (world.Count(key) == 0 && journal.Verdicts.GetValueOrDefault(key) is null)
            {
                observer.Breach($"[I7] {record.InstanceId}: {task.Effect.Tool} {key[..8]} has a receipt and never happened");
            }
        }
    }
}
