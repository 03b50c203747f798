namespace Agents.Pool.Routing;

/// <summary>
/// Which beginnings one worker is believed to hold: what was sent there, least recently used forgotten first, as the
/// server does it with its cache, and put right by what the server says it found. Soft state: wrong or lost, it costs time
/// and nothing else. Not safe for use by many threads.
/// </summary>
public sealed class HeldPrefixes
{
    /// <summary>Beginnings remembered of one worker.</summary>
    public const int EntriesMax = 4096;

    readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    readonly LinkedList<string> _order = new(); // least recently used first
    long _cells;

    /// <summary>Tokens of the worker's cache; 0 where it does not say, and then only the number of entries is bounded.</summary>
    public int KvTokens { get; set; }

    public IReadOnlyDictionary<string, HeldPrefix> View() => _entries.ToDictionary(e => e.Key, e => e.Value.Prefix, StringComparer.Ordinal);

    /// <summary>A request goes there: its own beginning is in use from now on.</summary>
    public void Sent(PoolRequest request, DateTimeOffset now)
    {
        for (var i = request.Prefixes.Count - 1; i > 0; i--)
        {
            Touch(request.Prefixes[i], now); // shared ones first: they are used as often as all their runs together
        }

        if (request.Prefixes is [var own, ..])
        {
            var before = _entries.TryGetValue(own, out var known) ? known.Prefix.UsedAt : DateTimeOffset.MinValue;
            var entry = Touch(own, now) ?? Add(own, now);
            entry.UsedBefore = before;
            entry.Uses++;
            entry.Prefix = entry.Prefix with { InUse = true, BackAt = null };
        }
    }

    /// <summary>
    /// A request ended there: what it computed is held now. What the server found of its prompt puts right what was
    /// believed: where it found much less, everything that was not used since then has most likely given way too.
    /// </summary>
    /// <param name="tokens">Tokens of prompt and reply, as the server counted them.</param>
    /// <param name="found">Tokens of the prompt it did not compute again; null where it does not say.</param>
    public void Ended(PoolRequest request, int tokens, int? found, DateTimeOffset now)
    {
        if (request.Prefixes is not [var own, ..])
        {
            return;
        }

        if (request.Prefixes.Count > 1)
        {
            var head = request.Prefixes[1];
            Resize(Touch(head, now) ?? Add(head, now), request.SharedTokens, request.SharedTokens);
        }

        var entry = Touch(own, now) ?? Add(own, now);
        if (found < entry.Prefix.Tokens / 2)
        {
            ForgetOlderThan(entry.UsedBefore);
            entry.Prefix = entry.Prefix with { Since = now };
        }

        entry.Uses = Math.Max(0, entry.Uses - 1);
        entry.Prefix = entry.Prefix with { InUse = entry.Uses > 0 };
        Resize(entry, tokens, Math.Max(0, tokens - request.SharedTokens));
        Shrink();
    }

    /// <summary>The run that has this beginning waits for a tool and is expected back at that time; null: nobody knows.</summary>
    public void Waits(string prefix, DateTimeOffset? backAt)
    {
        if (_entries.TryGetValue(prefix, out var entry))
        {
            entry.Prefix = entry.Prefix with { BackAt = backAt };
        }
    }

    /// <summary>Nobody comes back for it: it is the first to give way.</summary>
    public void Release(string prefix)
    {
        if (_entries.TryGetValue(prefix, out var entry) && !entry.Prefix.InUse)
        {
            entry.Prefix = entry.Prefix with { BackAt = DateTimeOffset.MinValue, UsedAt = DateTimeOffset.MinValue };
            _order.Remove(entry.Place);
            _order.AddFirst(entry.Place);
        }
    }

    /// <summary>The worker started anew and holds nothing.</summary>
    public void Clear()
    {
        _entries.Clear();
        _order.Clear();
        _cells = 0;
    }

    Entry? Touch(string name, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            return null;
        }

        _order.Remove(entry.Place);
        _order.AddLast(entry.Place);
        entry.Prefix = entry.Prefix with { UsedAt = now };
        return entry;
    }

    Entry Add(string name, DateTimeOffset now)
    {
        var entry = new Entry(new HeldPrefix(0, now) { Since = now }, _order.AddLast(name));
        _entries.Add(name, entry);
        return entry;
    }

    void Resize(Entry entry, int tokens, int cells)
    {
        _cells += cells - entry.Prefix.Cells;
        entry.Prefix = entry.Prefix with { Tokens = tokens, Cells = cells };
    }

    void ForgetOlderThan(DateTimeOffset time)
    {
        foreach (var name in _order.TakeWhile(n => _entries[n].Prefix.UsedAt < time).Where(n => !_entries[n].Prefix.InUse).ToList())
        {
            Remove(name);
        }
    }

    void Shrink()
    {
        for (var node = _order.First; node is not null && (_entries.Count > EntriesMax || (KvTokens > 0 && _cells > KvTokens));)
        {
            var (name, next) = (node.Value, node.Next);
            if (!_entries[name].Prefix.InUse)
            {
                Remove(name);
            }

            node = next;
        }
    }

    void Remove(string name)
    {
        _entries.Remove(name, out var entry);
        _order.Remove(entry!.Place);
        _cells -= entry.Prefix.Cells;
    }

    sealed class Entry(HeldPrefix prefix, LinkedListNode<string> place)
    {
        public HeldPrefix Prefix { get; set; } = prefix;
        public LinkedListNode<string> Place { get; } = place;

        /// <summary>Requests in work that go on from it.</summary>
        public int Uses { get; set; }

        /// <summary>When it was used before the request in work.</summary>
        public DateTimeOffset UsedBefore { get; set; }
    }
}
