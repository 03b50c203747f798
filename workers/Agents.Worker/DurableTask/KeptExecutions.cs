using Agents.Contracts.Work;

namespace Agents.Worker.DurableTask;

/// <summary>
/// Executions that this process keeps between their turns, so that a turn brings what is new and not the whole history.
/// Nothing is lost with one that is dropped: its next turn comes with its history. Beyond the bounds the least recently
/// used ones go.
/// </summary>
public sealed class KeptExecutions(long bytesMax = 256L << 20, int countMax = 10_000)
{
    readonly Lock _gate = new();
    readonly Dictionary<(string Instance, string Execution), LinkedListNode<Entry>> _byKey = [];
    readonly LinkedList<Entry> _recent = [];
    long _bytes;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byKey.Count;
            }
        }
    }

    /// <summary>One execution, for one turn at a time.</summary>
    internal async Task<Entry> EnterAsync(string instance, string execution, CancellationToken cancel)
    {
        Entry entry;
        lock (_gate)
        {
            var key = (instance, execution);
            if (!_byKey.TryGetValue(key, out var node))
            {
                _byKey[key] = node = _recent.AddFirst(new Entry(this, key));
            }

            entry = node.Value;
            entry.Users++;
            _recent.Remove(node);
            _recent.AddFirst(node);
        }

        try
        {
            await entry.Turn.WaitAsync(cancel);
        }
        catch
        {
            Left(entry);
            throw;
        }

        return entry;
    }

    void Left(Entry entry)
    {
        List<Entry> gone = [];
        lock (_gate)
        {
            entry.Users--;
            var bytes = entry.Session?.ApproximateBytes ?? 0;
            _bytes += bytes - entry.Bytes;
            entry.Bytes = bytes;
            if (entry is { Users: 0, Session: null })
            {
                Remove(entry);
            }

            for (var node = _recent.Last; node is not null && (_bytes > bytesMax || _byKey.Count > countMax);)
            {
                var before = node.Previous;
                if (node.Value.Users == 0)
                {
                    Remove(node.Value);
                    gone.Add(node.Value);
                }

                node = before;
            }
        }

        gone.ForEach(static e => e.Drop());
    }

    void Remove(Entry entry)
    {
        if (_byKey.Remove(entry.Key, out var node))
        {
            _recent.Remove(node);
            _bytes -= entry.Bytes;
        }
    }

    internal sealed class Entry(KeptExecutions all, (string Instance, string Execution) key) : IDisposable
    {
        public (string Instance, string Execution) Key => key;

        public SemaphoreSlim Turn { get; } = new(1, 1);

        /// <summary>Who has it, or waits for it.</summary>
        public int Users { get; set; }

        public long Bytes { get; set; }

        /// <summary>Stands behind the event before <see cref="Events"/>; null: nothing is kept.</summary>
        public IOrchestratorSession? Session { get; private set; }

        public long Events { get; private set; }

        public void Keep(IOrchestratorSession session, long events) => (Session, Events) = (session, events);

        public void Drop()
        {
            Session?.Dispose();
            (Session, Events) = (null, 0);
        }

        public void Dispose()
        {
            Turn.Release();
            all.Left(this);
        }
    }
}
