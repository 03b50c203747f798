namespace Agents.Bench.Scheduling;

/// <summary>
/// The KV cache of a simulated worker: shared heads and the conversations behind them. What no request has in work gives
/// way least recently used first, from its end on, as servers that cache by blocks do it.
/// </summary>
sealed class SimulatedCache(int capacity)
{
    readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    int _tokens;

    public int Capacity => capacity;

    public int InUse => _entries.Values.Where(e => e.Pins > 0).Sum(e => e.Tokens);

    /// <summary>Tokens of a prompt that are held.</summary>
    public int Find(SimulatedRequest request)
    {
        var head = Math.Min(Tokens(request.Head), request.HeadTokens);
        var all = head < request.HeadTokens ? head : head + Tokens(request.Own);
        return Math.Min(all, request.Call.PromptTokens - 1);
    }

    /// <summary>Makes room for a prompt and holds it until <see cref="Unpin"/>; null when it does not fit now.</summary>
    public int? Pin(SimulatedRequest request, double now)
    {
        var found = Find(request);
        var (head, own) = (Get(request.Head), Get(request.Own));
        head.Pins++;
        own.Pins++;
        if (!Grow(head, request.HeadTokens, now) || !Grow(own, request.Call.PromptTokens - request.HeadTokens, now))
        {
            Unpin(request, now);
            return null;
        }

        return found;
    }

    /// <summary>One token more of a request in work; false when there is no room.</summary>
    public bool Extend(SimulatedRequest request, double now)
    {
        var own = Get(request.Own);
        return Grow(own, own.Tokens + 1, now);
    }

    public void Unpin(SimulatedRequest request, double now)
    {
        foreach (var name in (string[])[request.Own, request.Head])
        {
            var entry = Get(name);
            entry.Pins--;
            entry.Used = now;
            if (entry.Tokens == 0 && entry.Pins == 0)
            {
                _entries.Remove(name);
            }
        }
    }

    bool Grow(Entry entry, int tokens, double now)
    {
        entry.Used = now;
        while (tokens - entry.Tokens > capacity - _tokens)
        {
            if (Oldest() is not { } oldest)
            {
                return false;
            }

            Cut(oldest, tokens - entry.Tokens - (capacity - _tokens));
        }

        _tokens += Math.Max(0, tokens - entry.Tokens);
        entry.Tokens = Math.Max(tokens, entry.Tokens);
        return true;
    }

    void Cut(string name, int tokens)
    {
        var entry = _entries[name];
        var cut = Math.Min(tokens, entry.Tokens);
        entry.Tokens -= cut;
        _tokens -= cut;
        if (entry.Tokens == 0)
        {
            _entries.Remove(name);
        }
    }

    string? Oldest()
    {
        string? oldest = null;
        var used = double.MaxValue;
        foreach (var (name, entry) in _entries)
        {
            if (entry.Pins == 0 && entry.Tokens > 0 && entry.Used < used)
            {
                (oldest, used) = (name, entry.Used);
            }
        }

        return oldest;
    }

    int Tokens(string name) => _entries.TryGetValue(name, out var entry) ? entry.Tokens : 0;

    Entry Get(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            _entries[name] = entry = new Entry();
        }

        return entry;
    }

    sealed class Entry
    {
        public int Tokens { get; set; }
        public int Pins { get; set; }
        public double Used { get; set; }
    }
}
