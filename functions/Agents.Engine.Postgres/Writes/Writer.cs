using Agents.Engine.Store;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// Gathers what callers bring while earlier groups are on their way. A first caller is served at once; the busier the
/// store, the larger the groups.
/// </summary>
internal sealed class Writer : IAsyncDisposable
{
    readonly object _gate = new();   // Monitor: lanes wait on it
    readonly Queue<WriteWork> _queue = new();
    readonly GroupWriter _group;
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly int _writesMax;
    readonly int _lanesMax;
    readonly Database.Database _database;
    readonly TimeProvider _clock;
    int _lanes, _idle;
    bool _stopping;

    public Writer(Database.Database database, PostgresOptions options, TimeProvider clock, ILogger logger)
    {
        _database = database;
        _clock = clock;
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
                new Lane(_database, _clock).Start(Loop);
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
        while (Gather() is { } group)
        {
            Write(lane, group);
        }

        lane.GiveBack();
        lock (_gate)
        {
            if (--_lanes == 0)
            {
                _ended.TrySetResult();
            }
        }
    }

    /// <summary>Waits for work; null: there will be none.</summary>
    List<WriteWork>? Gather()
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return null;
                }

                _idle++;
                Monitor.Wait(_gate);
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
