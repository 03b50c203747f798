namespace Agents.Engine.Grpc.Work;

/// <summary>What no connected worker does: none takes it, or those that took it gave it back.</summary>
internal sealed partial class WorkBroker
{
    readonly HashSet<(WorkKind Kind, string Name, string Version)> _reported = [];

    /// <summary>What has waited at least that long, the longest first.</summary>
    public IReadOnlyList<UnservedWork> Unserved(TimeSpan atLeast)
    {
        var now = Clock.GetUtcNow();
        lock (_gate)
        {
            return
            [
                .. _waiting.Lines().SelectMany(line => Unserved(line, now - atLeast))
                    .Concat(_byToken.Values.Where(i => i.Abandons > 0 && IsUnserved(i, Takers(i), now - atLeast)))
                    .GroupBy(i => (i.Kind, i.Name, i.Version))
                    .Select(g => new UnservedWork(g.Key.Kind, g.Key.Name, g.Key.Version, g.Count(), now - g.Min(i => i.WaitingSince)))
                    .OrderByDescending(u => u.Age),
            ];
        }
    }

    IEnumerable<PendingItem> Unserved(LinkedList<PendingItem> line, DateTimeOffset before)
    {
        var takers = Takers(line.First!.Value);
        return line.Where(i => IsUnserved(i, takers, before));
    }

    List<WorkerStream> Takers(PendingItem item) => [.. _workers.Where(w => w.Takes(item))];

    static bool IsUnserved(PendingItem item, List<WorkerStream> takers, DateTimeOffset before) => !item.Answering
        && item.WaitingSince <= before && takers.TrueForAll(w => item.GivenBackBy.Contains(w) || item.IsRefusedBy(w));

    /// <summary>Names in the log what is unserved, and what is so no longer.</summary>
    public void ReportUnserved()
    {
        var unserved = Unserved(options.UnservedAfter);
        foreach (var one in unserved)
        {
            Log.Unserved(environment.Log, one.Kind, one.Name, one.Version, one.Count, one.Age);
        }

        var keys = unserved.Select(u => (u.Kind, u.Name, u.Version)).ToHashSet();
        foreach (var (kind, name, version) in _reported.Except(keys).ToList())
        {
            Log.ServedAgain(environment.Log, kind, name, version);
        }

        _reported.Clear();
        _reported.UnionWith(keys);
    }
}
