namespace Agents.Engine.Grpc.Work;

/// <summary>Items no worker has, oldest first, kept apart by what decides who may take them.</summary>
internal sealed class WaitingItems
{
    readonly Dictionary<(WorkKind Kind, bool Agent, string Name, string Version), LinkedList<PendingItem>> _lines = [];

    public void Add(PendingItem item)
    {
        var key = (item.Kind, item.IsAgentWork, item.Name, item.Version);
        if (!_lines.TryGetValue(key, out var line))
        {
            _lines[key] = line = new LinkedList<PendingItem>();
        }

        // What comes back goes before what came after it.
        var at = line.Last;
        while (at is not null && at.Value.Order > item.Order)
        {
            at = at.Previous;
        }

        item.Node = at is null ? line.AddFirst(item) : line.AddAfter(at, item);
    }

    public void Remove(PendingItem item)
    {
        if (item.Node is not { List: { } line } node)
        {
            return;
        }

        line.Remove(node);
        item.Node = null;
        if (line.Count == 0)
        {
            _lines.Remove((item.Kind, item.IsAgentWork, item.Name, item.Version));
        }
    }

    /// <summary>The oldest item of that kind the worker may take; null: none.</summary>
    public PendingItem? Oldest(WorkKind kind, WorkerStream worker, DateTimeOffset now)
    {
        PendingItem? oldest = null;
        foreach (var (key, line) in _lines)
        {
            if (key.Kind != kind || !worker.Takes(kind, key.Agent, key.Name, key.Version))
            {
                continue;
            }

            var node = line.First;
            while (node is not null && IsKeptFrom(node.Value, worker, now))
            {
                node = node.Next;
            }

            if (node is not null && (oldest is null || node.Value.Order < oldest.Order))
            {
                oldest = node.Value;
            }
        }

        return oldest;
    }

    public static bool IsKeptFrom(PendingItem item, WorkerStream worker, DateTimeOffset now) =>
        item.IsRefusedBy(worker) || (item.KeptUntil > now && item.GivenBackBy.Contains(worker));

    /// <summary>Each line that waits: items of one kind, name and version, oldest first, at least one.</summary>
    public IEnumerable<LinkedList<PendingItem>> Lines() => _lines.Values;
}
