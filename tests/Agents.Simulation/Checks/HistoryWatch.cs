using System.Security.Cryptography;
using Agents.Engine.Store;

namespace Agents.Simulation.Checks;

/// <summary>[I1] Histories have no gap, and what was once written never changes: looks again and again and compares.</summary>
sealed class HistoryWatch(StorePeek store, Observer observer)
{
    readonly Dictionary<long, Seen> _seen = [];

    sealed record Seen(string InstanceId, long InstanceKey, List<string> Rows);

    public void Look()
    {
        var present = new HashSet<long>();
        var instances = new HashSet<long>();
        foreach (var view in store.All())
        {
            var record = store.Find(view.InstanceId)!;
            instances.Add(record.Key);
            foreach (var execution in store.Executions(record.Key))
            {
                present.Add(execution.Key);
                Compare(record, execution);
            }
        }

        foreach (var (key, seen) in _seen.Where(s => !present.Contains(s.Key) && instances.Contains(s.Value.InstanceKey)).ToList())
        {
            observer.Breach($"[I1] {seen.InstanceId}: execution {key} is gone while its instance is kept");
        }

        foreach (var key in _seen.Keys.Where(k => !present.Contains(k)).ToList())
        {
            _seen.Remove(key);
        }
    }

    void Compare(InstanceRecord record, ExecutionRecord execution)
    {
        var rows = store.Rows(execution.Key);
        var next = 0L;
        foreach (var row in rows)
        {
            if (row.FirstSequence + row.Skip != next)
            {
                observer.Breach($"[I1] {record.InstanceId}: history of execution {execution.Key} goes on at {row.FirstSequence + row.Skip} behind {next}");
            }

            next = row.FirstSequence + row.Skip + row.Take;
        }

        if (execution.Key == record.Execution.Key && next != record.NextSequence)
        {
            observer.Breach($"[I1] {record.InstanceId}: history ends at {next}, the instance says {record.NextSequence}");
        }

        var lines = rows.Select(r => $"{r.FirstSequence}+{r.Count}/{r.Skip}+{r.Take}:{Convert.ToHexString(SHA256.HashData(r.Bytes.Span))}").ToList();
        if (_seen.TryGetValue(execution.Key, out var before) && !lines.Take(before.Rows.Count).SequenceEqual(before.Rows))
        {
            observer.Breach($"[I1] {record.InstanceId}: rows of execution {execution.Key} changed after they were written");
        }

        _seen[execution.Key] = new Seen(record.InstanceId, record.Key, lines);
    }
}
