using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Agents.Cluster.Talk;

/// <summary>Which nodes have readers of which instances, and until when they are told.</summary>
internal sealed class Listeners(TimeProvider clock, TimeSpan listenFor)
{
    readonly ConcurrentDictionary<string, ConcurrentDictionary<SiloAddress, DateTimeOffset>> _readers = new(StringComparer.Ordinal);

    public bool None => _readers.IsEmpty;

    public void Add(SiloAddress reader, IReadOnlyList<string> instanceIds)
    {
        var until = clock.GetUtcNow() + listenFor;
        foreach (var id in instanceIds)
        {
            _readers.GetOrAdd(id, static _ => new())[reader] = until;
        }
    }

    public IReadOnlyList<SiloAddress> Of(string instanceId)
    {
        var now = clock.GetUtcNow();
        return _readers.TryGetValue(instanceId, out var readers) ? [.. readers.Where(r => r.Value > now).Select(r => r.Key)] : [];
    }

    /// <summary>Drops what has run out.</summary>
    public void Tidy()
    {
        var now = clock.GetUtcNow();
        foreach (var (id, readers) in _readers)
        {
            foreach (var reader in readers.Where(r => r.Value <= now))
            {
                readers.TryRemove(reader);
            }

            if (readers.IsEmpty)
            {
                // A reader that comes between these lines is told late: it reads again by itself before its time is up.
                _readers.TryRemove(KeyValuePair.Create(id, readers));
            }
        }
    }
}
