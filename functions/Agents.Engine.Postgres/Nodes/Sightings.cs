namespace Agents.Engine.Postgres.Nodes;

/// <summary>A node's row as it was read.</summary>
internal sealed record NodeRow(string Id, long Beats, TimeSpan Every);

/// <summary>
/// What this node has seen of the others' counts, on its own clock only. A node is missed when its count stood still for
/// the whole term while this one looked; whoever did not look for a while (stood still itself, or could not reach the
/// server) begins anew, because its own silence proves nothing about the others.
/// </summary>
internal sealed class Sightings(TimeProvider clock, MembershipOptions options)
{
    /// <summary>So often must a count have been seen unchanged.</summary>
    const int LooksMin = 3;

    readonly Dictionary<string, Sighting> _seen = new(StringComparer.Ordinal);
    long _lookedAt = clock.GetTimestamp();

    sealed record Sighting(long Beats, long Since, int Looks);

    /// <summary>Takes in what is there now; returns those that are to be held for dead.</summary>
    public IReadOnlyList<NodeRow> Look(IReadOnlyCollection<NodeRow> others)
    {
        var now = clock.GetTimestamp();
        if (clock.GetElapsedTime(_lookedAt, now) > options.DeadAfter)
        {
            _seen.Clear();
        }

        _lookedAt = now;
        foreach (var id in _seen.Keys.Except(others.Select(row => row.Id)).ToList())
        {
            _seen.Remove(id);
        }

        return [.. others.Where(row => IsMissed(row, now))];
    }

    bool IsMissed(NodeRow row, long now)
    {
        if (!_seen.TryGetValue(row.Id, out var sighting) || sighting.Beats != row.Beats)
        {
            _seen[row.Id] = new Sighting(row.Beats, now, 1);
            return false;
        }

        _seen[row.Id] = sighting with { Looks = sighting.Looks + 1 };
        var term = options.DeadAfter > 3 * row.Every ? options.DeadAfter : 3 * row.Every;
        return sighting.Looks >= LooksMin && clock.GetElapsedTime(sighting.Since, now) > term;
    }
}
