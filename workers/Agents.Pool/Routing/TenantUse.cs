namespace Agents.Pool.Routing;

/// <summary>
/// Tokens each tenant had computed of late, older ones counting less and less. Who had less goes first, so tenants that
/// want more than there is get equal shares, and one that comes after a pause has no claim on what it did not use. Not
/// safe for use by many threads.
/// </summary>
/// <param name="halfLife">After so long a token counts half.</param>
public sealed class TenantUse(TimeSpan halfLife)
{
    const double Negligible = 1;

    readonly Dictionary<string, double> _used = new(StringComparer.Ordinal);
    DateTimeOffset _at = DateTimeOffset.MinValue;

    /// <summary>Charges tokens that were computed: those of a prompt that were not held, and those of the reply.</summary>
    public void Charge(string tenant, double tokens, DateTimeOffset now)
    {
        Fade(now);
        _used[tenant] = _used.GetValueOrDefault(tenant) + tokens;
    }

    public IReadOnlyDictionary<string, double> View(DateTimeOffset now)
    {
        Fade(now);
        return _used;
    }

    void Fade(DateTimeOffset now)
    {
        if (now <= _at)
        {
            return;
        }

        var factor = _at == DateTimeOffset.MinValue ? 1 : Math.Pow(0.5, (now - _at) / halfLife);
        foreach (var tenant in _used.Keys.ToList())
        {
            _used[tenant] *= factor;
            if (_used[tenant] < Negligible)
            {
                _used.Remove(tenant);
            }
        }

        _at = now;
    }
}
