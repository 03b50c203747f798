namespace Agents.Pool.Routing;

/// <summary>
/// How long a run's next reply will be, learned from those it had: its mean and twice the mean deviation, so that four of
/// five replies are shorter. A run nobody knows is taken for the average of its tenant and model. Soft state, bounded; not
/// safe for use by many threads.
/// </summary>
public sealed class ReplyEstimate
{
    const int KnownMax = 8192;
    const double Weight = 1.0 / 8;

    readonly Dictionary<string, Learned> _known = new(StringComparer.Ordinal);
    readonly LinkedList<string> _order = new();

    /// <summary>Tokens to expect; null where neither the run nor its like is known.</summary>
    public int? For(PoolRequest request)
    {
        var learned = request.Run is { } run && _known.TryGetValue(OfRun(run), out var own) ? own
            : _known.GetValueOrDefault(OfTenant(request));
        return learned is null ? null : (int)Math.Clamp(Math.Ceiling(learned.Mean + (2 * learned.Deviation)), 1, request.TokensMax);
    }

    /// <summary>A reply of so many tokens was made.</summary>
    public void Learn(PoolRequest request, int tokens)
    {
        Learn(OfTenant(request), tokens);
        if (request.Run is { } run)
        {
            Learn(OfRun(run), tokens);
        }
    }

    /// <summary>The run ended.</summary>
    public void Forget(string run)
    {
        if (_known.Remove(OfRun(run), out var learned))
        {
            _order.Remove(learned.Place);
        }
    }

    void Learn(string key, int tokens)
    {
        if (!_known.TryGetValue(key, out var learned))
        {
            _known[key] = new Learned(_order.AddLast(key)) { Mean = tokens, Deviation = tokens / 2.0 };
            if (_known.Count > KnownMax)
            {
                _known.Remove(_order.First!.Value);
                _order.RemoveFirst();
            }

            return;
        }

        learned.Deviation += Weight * (Math.Abs(tokens - learned.Mean) - learned.Deviation);
        learned.Mean += Weight * (tokens - learned.Mean);
        _order.Remove(learned.Place);
        _order.AddLast(learned.Place);
    }

    static string OfRun(string run) => "run " + run;

    static string OfTenant(PoolRequest request) => $"tenant {request.Tenant} {request.Model}";

    sealed class Learned(LinkedListNode<string> place)
    {
        public LinkedListNode<string> Place { get; } = place;
        public double Mean { get; set; }
        public double Deviation { get; set; }
    }
}
