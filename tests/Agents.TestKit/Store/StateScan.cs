using Agents.Engine.History;

namespace Agents.TestKit.Store;

/// <summary>What must always hold of a state: gapless histories that end where the instance says, references that resolve.</summary>
internal sealed class StateScan(SimulatedState state)
{
    readonly List<string> _breaches = [];

    public IReadOnlyList<string> Run()
    {
        foreach (var (key, execution) in state.Executions)
        {
            if (state.Instances.TryGetValue(execution.Instance, out var instance))
            {
                Check(instance, execution);
            }
            else
            {
                _breaches.Add($"execution of no instance: {key}");
            }
        }

        foreach (var instance in state.Instances.Values)
        {
            foreach (var (id, message) in instance.Inbox.Where(r => r.Value.Kind == Engine.Store.InboxKind.HistoryEvent))
            {
                Decode(instance, $"inbox row {id}", missing => HistoryCodec.DecodeOne(message.Body, null, missing));
            }
        }

        _breaches.AddRange(state.Ledger.Where(e => !state.Instances.ContainsKey(e.Value.Instance))
            .Select(e => $"ledger entry of no instance: {e.Key}"));
        _breaches.AddRange(state.Payloads.Keys.Where(p => !state.Instances.Values.Any(i => i.Head.LineageKey == p.Lineage))
            .Select(p => $"payload of no lineage: {p.Hash}"));
        return _breaches;
    }

    void Check(SimulatedInstance instance, SimulatedExecution execution)
    {
        var name = $"{instance.Head.InstanceId}/{execution.Record.ExecutionId}";
        var expected = execution.Record.Cut?.Sequence ?? 0;
        foreach (var row in execution.Rows)
        {
            if (row.First != expected)
            {
                _breaches.Add($"{name}: history has a gap, row at {row.First} where {expected} belongs");
            }

            Decode(instance, $"{name} at {row.First}", missing =>
            {
                var events = HistoryCodec.Decode(row.Bytes, null, missing);
                if (events.Count != row.Count)
                {
                    _breaches.Add($"{name}: the row at {row.First} says {row.Count} events and holds {events.Count}");
                }
            });
            expected = row.First + row.Count;
        }

        if (instance.Head.Execution.Key == execution.Record.Key && instance.Head.NextSequence != expected)
        {
            _breaches.Add($"{name}: history ends at {expected}, the instance says {instance.Head.NextSequence}");
        }
    }

    void Decode(SimulatedInstance instance, string where, Action<List<string>> decode)
    {
        var missing = new List<string>();
        try
        {
            decode(missing);
        }
        catch (InvalidDataException e)
        {
            _breaches.Add($"{where}: {e.Message}");
        }

        _breaches.AddRange(missing.Where(hash => !state.Payloads.ContainsKey((instance.Head.LineageKey, hash)))
            .Select(hash => $"{where}: payload {hash} is missing"));
    }
}
