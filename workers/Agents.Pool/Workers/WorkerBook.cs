using Agents.Contracts.Pool;
using Agents.Pool.Routing;

namespace Agents.Pool.Workers;

/// <summary>
/// The workers a pool knows, each by a lease that its reports renew. Nothing of it is stored: a pool that starts anew learns
/// it from the reports that come. Used under the dispatcher's lock.
/// </summary>
sealed class WorkerBook(PoolOptions options)
{
    readonly Dictionary<string, WorkerEntry> _entries = new(StringComparer.Ordinal);

    public IReadOnlyCollection<WorkerEntry> All => _entries.Values;

    public WorkerEntry? Find(string worker) => _entries.GetValueOrDefault(worker);

    /// <summary>Registers the worker or renews its lease; null when there are as many as may be.</summary>
    public WorkerEntry? Report(WorkerReport report, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(report.Worker, out var entry))
        {
            if (_entries.Count >= options.WorkersMax)
            {
                return null;
            }

            _entries[report.Worker] = entry = new WorkerEntry(report, options, now);
        }

        entry.Heard(report, now);
        return entry;
    }

    /// <summary>Ends a lease; one of another incarnation is not this caller's to end.</summary>
    public bool Leave(string worker, string incarnation) =>
        _entries.TryGetValue(worker, out var entry) && entry.Report.Incarnation == incarnation && _entries.Remove(worker);

    /// <summary>Drops those that were not heard of for long.</summary>
    public void Forget(DateTimeOffset now)
    {
        foreach (var entry in _entries.Values.Where(e => now - e.HeardAt > options.ForgetAfter && e.Work.Count == 0).ToList())
        {
            _entries.Remove(entry.Name);
        }
    }

    public List<WorkerSlot> Slots(DateTimeOffset now) => [.. _entries.Values.Select(e => e.Slot(now))];
}
