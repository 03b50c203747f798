namespace Agents.Tools.Effects;

/// <summary>
/// The world, for proofs: keeps every arrival in order, doubles included, and answers look-ups by key. Lives in a
/// process that is not killed.
/// </summary>
public sealed class ArrivalBook
{
    readonly Lock _lock = new();
    readonly List<Arrival> _arrivals = [];
    readonly HashSet<string> _barred = new(StringComparer.Ordinal);
    TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<Arrival> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _arrivals];
            }
        }
    }

    /// <summary>Adds an arrival; null when a fencing look-up has barred the key.</summary>
    public Arrival? Arrive(string key, string tool, string body)
    {
        lock (_lock)
        {
            if (_barred.Contains(key))
            {
                return null;
            }

            var arrival = new Arrival(_arrivals.Count, key, tool, body);
            _arrivals.Add(arrival);
            _changed.SetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return arrival;
        }
    }

    /// <summary>The first arrival of a key. With <paramref name="bar"/> a key that is not there can no longer arrive.</summary>
    public Arrival? Find(string key, bool bar = false)
    {
        lock (_lock)
        {
            var found = _arrivals.Find(a => a.Key == key);
            if (found is null && bar)
            {
                _barred.Add(key);
            }

            return found;
        }
    }

    /// <summary>Ends a bar, when a new attempt has been agreed on.</summary>
    public void Unbar(string key)
    {
        lock (_lock)
        {
            _barred.Remove(key);
        }
    }

    /// <summary>Returns once so many arrivals are there.</summary>
    public async Task WaitForAsync(int count, CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_arrivals.Count >= count)
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancel);
        }
    }
}

/// <summary><paramref name="Order"/> counts from 0.</summary>
public sealed record Arrival(int Order, string Key, string Tool, string Body);
