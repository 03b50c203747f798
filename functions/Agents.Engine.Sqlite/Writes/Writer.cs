using System.Collections.Concurrent;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>
/// The one writer. SQLite has one; instead of many connections that wait for its lock, work comes to one thread by queue,
/// and what is waiting when it looks goes into one transaction. A single write that finds nobody waiting and nobody
/// writing is done at once on its caller's thread: handing it over and back costs as much as half a commit.
/// </summary>
internal sealed class Writer : IDisposable
{
    readonly ConcurrentQueue<Work> _queue = new();
    readonly SemaphoreSlim _ready = new(0);
    readonly Lock _turn = new();   // who holds it uses the connection
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
        cancel.ThrowIfCancellationRequested();
        var work = new WriteWork(batch);
        if (batch.Count > 1 || !TryWriteHere(work))
        {
            Enqueue(work, cancel);
        }

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
        lock (_turn)
        {
            // A write on its caller's thread is over; from here on there is none.
        }

        while (_queue.TryDequeue(out var left))
        {
            left.Fail(new ObjectDisposedException(nameof(SqliteStore)));
        }

        _ready.Dispose();
    }

    bool TryWriteHere(WriteWork work)
    {
        if (!_queue.IsEmpty || !_turn.TryEnter())
        {
            return false;
        }

        try
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteStore));
            WriteGroup([work]);
            return true;
        }
        finally
        {
            _turn.Exit();
        }
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

            lock (_turn)
            {
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
