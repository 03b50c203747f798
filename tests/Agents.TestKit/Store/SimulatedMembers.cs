using Agents.Engine.Store;

namespace Agents.TestKit.Store;

/// <summary>The cluster's nodes in memory; one object stands for the store that several nodes share.</summary>
public sealed class SimulatedMembers : IMemberStore
{
    readonly Lock _gate = new();
    readonly SortedDictionary<string, MemberRow> _rows = new(StringComparer.Ordinal);
    int _version;

    public string Session => "simulated";

    public Task<MemberTable> ReadAsync(CancellationToken cancel)
    {
        lock (_gate)
        {
            return Task.FromResult(new MemberTable(_version, [.. _rows.Values]));
        }
    }

    public Task<bool> WriteAsync(MemberRow row, int? replaces, int tableVersion, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (tableVersion != _version || (_rows.GetValueOrDefault(row.Node)?.Version ?? 0) != (replaces ?? 0))
            {
                return Task.FromResult(false);
            }

            _version++;
            _rows[row.Node] = row with { Version = (replaces ?? 0) + 1 };
            return Task.FromResult(true);
        }
    }

    public Task SayAliveAsync(string node, DateTimeOffset at, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (_rows.TryGetValue(node, out var row))
            {
                _rows[node] = row with { AliveAt = at };
            }

            return Task.CompletedTask;
        }
    }

    public Task EndSessionAsync(string session, CancellationToken cancel) => Task.CompletedTask;

    /// <summary>Whoever writes here says so.</summary>
    public Task<bool> HasWorkAsync(string node, DateTimeOffset now, CancellationToken cancel) => Task.FromResult(false);

    public Task<int> ForgetAsync(DateTimeOffset before, CancellationToken cancel)
    {
        lock (_gate)
        {
            var old = _rows.Values.Where(r => r.Gone && r.AliveAt < before).Select(r => r.Node).ToList();
            old.ForEach(node => _rows.Remove(node));
            return Task.FromResult(old.Count);
        }
    }
}
