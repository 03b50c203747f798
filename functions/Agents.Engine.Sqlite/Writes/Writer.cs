using System.Collections.Concurrent;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>
/// The one thread that writes. SQLite has one writer; instead of many connections that wait for its lock, work comes to
/// this thread by queue, and what is waiting when it looks goes into one transaction.
/// </summary>
internal sealed class Writer : IDisposable
{
    readonly ConcurrentQueue<Work> _queue = new();
    readonly SemaphoreSlim _ready = new(0);
    readonly Connection _connection;
    readonly GroupWriter _group;
    readonly int _writesMax;
    readonly Thread _thread;
    volatile bool _stopping;

    public Writer(Connection connection, SqliteOptions options)
    {
        _connection = connection;
        _writesMax = options.WritesPerTransactionMax;
        _group = new GroupWriter(connection, options);
        _thread = new Thread(Loop) { IsBackground = true, Name = "agents store writer" };
        _thread.Start();
    }

    public long StaleLedgerWrites => _group.StaleLedgerWrites;

    public Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
    {
        var work = new WriteWork(batch);
        Enqueue(work, cancel);
        return work.Task;
    }

    /// <summary>Runs <paramref name="action"/> as a transaction of its own.</summary>
    public Task<T> RunAsync<T>(Func<Connection, GroupWriter, T> action, CancellationToken cancel)
    {
        var work = new ActionWork<T>(action);
        Enqueue(work, cancel);
        return work.Task;
    }

    public void Dispose()
    {
        _stopping = true;
        _ready.Release();
        _thread.Join();
        while (_queue.TryDequeue(out var left))
        {
            left.Fail(new ObjectDisposedException(nameof(SqliteStore)));
        }

        _ready.Dispose();
    }

    void Enqueue(Work work, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteStore));
        _queue.Enqueue(work);
        _ready.Release();
    }

    void Loop()
    {
        Work? held = null;
        while (true)
        {
            if (held is null)
            {
                _ready.Wait();
                if (!_queue.TryDequeue(out held))
                {
                    if (_stopping)
                    {
                        return;
                    }

                    continue;   // its work went into an earlier transaction
                }
            }

            var first = held;
            held = null;
            if (first is WriteWork write)
            {
                WriteGroup(Gather(write, ref held));
            }
            else
            {
                first.Run(_connection, _group);
            }
        }
    }

    List<WriteWork> Gather(WriteWork first, ref Work? held)
    {
        var group = new List<WriteWork> { first };
        var writes = first.Batch.Count;
        while (_queue.TryDequeue(out var next))
        {
            if (next is WriteWork write && writes + write.Batch.Count <= _writesMax)
            {
                group.Add(write);
                writes += write.Batch.Count;
                continue;
            }

            held = next;
            break;
        }

        return group;
    }

    void WriteGroup(List<WriteWork> group)
    {
        try
        {
            _group.Write(group);
        }
        catch (Exception e)
        {
            // Nothing may kill this thread: whoever waits for the group hears what happened.
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
