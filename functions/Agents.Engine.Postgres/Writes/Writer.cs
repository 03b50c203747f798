using Agents.Engine.Store;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// Gathers what callers bring while earlier groups are on their way. A first caller is served at once; the busier the
/// store, the larger the groups.
/// </summary>
internal sealed class Writer(Database.Database database, PostgresOptions options, TimeProvider clock, ILogger logger)
    : IAsyncDisposable
{
    readonly Lock _gate = new();
    readonly Queue<WriteWork> _queue = new();
    readonly GroupWriter _group = new(database, options, clock, logger);
    readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _running;
    bool _stopping;

    public long StaleLedgerWrites => _group.StaleLedgerWrites;

    public Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var work = new WriteWork(batch);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(PostgresStore));
            _queue.Enqueue(work);
            if (_running < options.GroupsInFlightMax)
            {
                _running++;
                _ = DrainAsync();
            }
        }

        return work.Task;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            if (_running == 0)
            {
                _idle.TrySetResult();
            }
        }

        await _idle.Task;
        await _group.DisposeAsync();
    }

    async Task DrainAsync()
    {
        await Task.Yield();   // callers that come in one go share a group
        while (Gather() is { } group)
        {
            await WriteGroupAsync(group);
        }
    }

    List<WriteWork>? Gather()
    {
        lock (_gate)
        {
            if (_queue.Count == 0)
            {
                if (--_running == 0 && _stopping)
                {
                    _idle.TrySetResult();
                }

                return null;
            }

            var group = new List<WriteWork>();
            var writes = 0;
            while (_queue.TryPeek(out var next)
                && (group.Count == 0 || writes + next.Batch.Count <= options.WritesPerTransactionMax))
            {
                group.Add(_queue.Dequeue());
                writes += next.Batch.Count;
            }

            return group;
        }
    }

    async Task WriteGroupAsync(List<WriteWork> group)
    {
        try
        {
            var writes = group.SelectMany(work => work.Batch.Select((write, i) => new PendingWrite(write, work.Outcomes, i)));
            await _group.WriteAsync([.. writes]);
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
