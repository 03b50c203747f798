namespace Agents.Pool.Routing;

/// <summary>
/// The room of one worker at one moment, worked out once for all requests that ask. What is held idle gives way least
/// recently used first, as the servers do it.
/// </summary>
sealed class SlotRoom(WorkerSlot slot, DateTimeOffset now, RoutingOptions options)
{
    List<KeyValuePair<string, HeldPrefix>>? _idle;
    int _idleTokens;
    double _expected;

    public WorkerSlot Slot => slot;

    /// <summary>Kept for a request that has waited too long: nobody else is sent there.</summary>
    public bool IsReserved { get; set; }

    /// <summary>Tokens held for others than one request: in work, or idle and expected back.</summary>
    public double Committed(string? own)
    {
        Sort();
        var mine = own is not null && slot.Held.TryGetValue(own, out var held) && !held.InUse && IsExpected(held) ? held.Cells : 0;
        return Math.Max(0, slot.KvTokens - slot.KvTokensFree) + _expected - mine;
    }

    /// <summary>
    /// What must give way so that <paramref name="tokens"/> more fit beside a request that goes on from
    /// <paramref name="own"/>. Null when they do not fit at all.
    /// </summary>
    /// <param name="patience">How much of its patience the request has left.</param>
    public Way? For(int tokens, string? own, Patience patience)
    {
        if (slot.KvTokens == 0)
        {
            return new Way(0, IsBarred: false);
        }

        Sort();
        var ownIdle = own is not null && slot.Held.TryGetValue(own, out var held) && !held.InUse ? held.Cells : 0;
        var missing = tokens - (slot.KvTokensFree - _idleTokens);
        if (tokens + ownIdle > slot.KvTokensFree)
        {
            return slot.Running + slot.Waiting == 0 && tokens <= slot.KvTokens ? new Way(0, IsBarred: false) : null;
        }

        var (loss, barred) = (0.0, false);
        foreach (var (name, prefix) in _idle!)
        {
            if (missing <= 0)
            {
                break;
            }

            if (name == own)
            {
                continue;
            }

            if (IsExpected(prefix))
            {
                loss += Math.Min(missing, prefix.Cells);
                barred |= patience == Patience.Left || (patience == Patience.Ended && now - prefix.Since < options.StayAtLeast);
            }

            missing -= prefix.Cells;
        }

        return new Way(loss, barred);
    }

    bool IsExpected(HeldPrefix prefix) => prefix.BackAt is { } back
        ? now <= back + options.LateBy
        : options.ExpectedBackWithin > TimeSpan.Zero && now - prefix.UsedAt <= options.ExpectedBackWithin;

    void Sort()
    {
        if (_idle is not null)
        {
            return;
        }

        _idle = [.. slot.Held.Where(h => !h.Value.InUse).OrderBy(h => h.Value.UsedAt).ThenBy(h => h.Key, StringComparer.Ordinal)];
        _idleTokens = _idle.Sum(h => h.Value.Cells);
        _expected = _idle.Where(h => IsExpected(h.Value)).Sum(h => h.Value.Cells);
    }
}

/// <summary>What making room would cost.</summary>
/// <param name="Loss">Tokens that would give way although they are expected back.</param>
/// <param name="IsBarred">True when some of them may not be pushed out yet.</param>
readonly record struct Way(double Loss, bool IsBarred);

/// <summary>How long a request has waited, for routing.</summary>
enum Patience
{
    /// <summary>It pushes out nobody who is expected back.</summary>
    Left,

    /// <summary>It pushes out who has had its time.</summary>
    Ended,

    /// <summary>It has waited far too long and pushes out anybody.</summary>
    Starves,
}
