using Agents.Engine.Store;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// Gathers what callers bring while earlier groups are on their way. A first caller is served at once; the busier the
/// store, the larger the groups.
/// </summary>
internal sealed class Writer : IAsyncDisposable
{
    // Whoever stands between may forget a connection that says nothing for long; a write must not find that out.
    static readonly TimeSpan s_idleAtMost = TimeSpan.FromSeconds(30);

    readonly object _gate = new();   // Monitor: lanes wait on it
    readonly Queue<WriteWork> _queue = new();
    readonly GroupWriter _group;
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly int _writesMax;
    readonly int _lanesMax;
    readonly Database.Database _database;
    int _lanes, _idle;
    bool _stopping;

    public Writer(Database.Database database, PostgresOptions options, ILogger logger)
    {
        _database = database;
        _group = new GroupWriter(database, options, logger);
        _writesMax = options.WritesPerTransactionMax;
        _lanesMax = options.GroupsInFlightMax;
    }

    public long StaleLedgerWrites => _group.StaleLedgerWrites;

    public Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var work = new WriteWork(batch);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(PostgresStore));
            _queue.Enqueue(work);
            if (_idle > 0)
            {
                Monitor.Pulse(_gate);
            }
            else if (_lanes < _lanesMax)
            {
                _lanes++;
                new Lane(_database).Start(Loop);
            }
        }

        return work.Task;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
            if (_lanes == 0)
            {
                _ended.TrySetResult();
            }
        }

        await _ended.Task;
    }

    void Loop(Lane lane)
    {
        do
        {
            while (Gather() is { } group)
            {
                Write(lane, group);
            }

            lane.GiveBack();
        }
        while (!Leaves());
    }

    /// <summary>Waits for work; null: there will be none, or there was none for long.</summary>
    List<WriteWork>? Gather()
    {
        lock (_gate)
        {
            var waited = false;
            while (_queue.Count == 0)
            {
                if (_stopping || waited)
                {
                    return null;
                }

                _idle++;
                waited = !Monitor.Wait(_gate, s_idleAtMost);
                _idle--;
            }

            var group = new List<WriteWork>();
            var writes = 0;
            while (_queue.TryPeek(out var next) && (group.Count == 0 || writes + next.Batch.Count <= _writesMax))
            {
                group.Add(_queue.Dequeue());
                writes += next.Batch.Count;
            }

            return group;
        }
    }

    /// <summary>Ends a lane, unless work came for it meanwhile.</summary>
    bool Leaves()
    {
        lock (_gate)
        {
            if (_queue.Count > 0)
            {
                return false;
            }

            if (--_lanes == 0 && _stopping)
            {
                _ended.TrySetResult();
            }

            return true;
        }
    }

    void Write(Lane lane, List<WriteWork> group)
    {
        try
        {
            var writes = group.SelectMany(work => work.Batch.Select((write, i) => new PendingWrite(write, work.Outcomes, i)));
            _group.Write(lane, [.. writes]);
        }
        catch (Exception e)
        {
            // Whoever waits for the group hears what happened; the next group is written all the same.
            foreach (var work in group)
            {
                work.Fail(e);
            }

            return;
        }

        foreach (var work in group)
        {
            work.Complete();
        }
    }
}
