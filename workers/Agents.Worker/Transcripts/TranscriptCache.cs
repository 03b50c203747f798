using Agents.Contracts.Instances;

namespace Agents.Worker.Transcripts;

/// <summary>
/// Conversations of the runs this process works on, least recently used ones dropped beyond a bound of bytes. A dropped
/// one is read from the history again when it is needed.
/// </summary>
sealed class TranscriptCache(long bytesMax)
{
    readonly Lock _lock = new();
    readonly Dictionary<(string, string), LinkedListNode<Entry>> _byKey = [];
    readonly LinkedList<Entry> _recent = [];
    long _bytes;

    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _byKey.Count;
            }
        }
    }

    /// <summary>The run's transcript, made (empty) where there is none.</summary>
    public RunTranscript Get(InstanceId instance, ExecutionId execution)
    {
        lock (_lock)
        {
            return _byKey.TryGetValue((instance.Value, execution.Value), out var node)
                ? node.Value.Transcript
                : Insert(new RunTranscript(instance, execution));
        }
    }

    /// <summary>
    /// An empty transcript in place of whatever is there: what an earlier session fed may never have been committed.
    /// </summary>
    public RunTranscript Begin(InstanceId instance, ExecutionId execution)
    {
        lock (_lock)
        {
            var fresh = new RunTranscript(instance, execution);
            Remove(fresh.Key);
            return Insert(fresh);
        }
    }

    /// <summary>Notes that the transcript was used and how large it is now; drops others beyond the bound.</summary>
    public void Used(RunTranscript transcript)
    {
        var bytes = transcript.Bytes;
        lock (_lock)
        {
            if (!_byKey.TryGetValue(transcript.Key, out var node) || node.Value.Transcript != transcript)
            {
                return;
            }

            _bytes += bytes - node.Value.Bytes;
            node.Value.Bytes = bytes;
            _recent.Remove(node);
            _recent.AddFirst(node);
            while (_bytes > bytesMax && _recent.Count > 1)
            {
                Remove(_recent.Last!.Value.Transcript.Key);
            }
        }
    }

    public bool Holds(RunTranscript transcript)
    {
        lock (_lock)
        {
            return _byKey.TryGetValue(transcript.Key, out var node) && node.Value.Transcript == transcript;
        }
    }

    /// <summary>Forgets this transcript; another one of the same run stays.</summary>
    public void Drop(RunTranscript transcript)
    {
        lock (_lock)
        {
            if (_byKey.TryGetValue(transcript.Key, out var node) && node.Value.Transcript == transcript)
            {
                Remove(transcript.Key);
            }
        }
    }

    RunTranscript Insert(RunTranscript transcript)
    {
        _byKey.Add(transcript.Key, _recent.AddFirst(new Entry(transcript)));
        return transcript;
    }

    void Remove((string, string) key)
    {
        if (_byKey.Remove(key, out var node))
        {
            _recent.Remove(node);
            _bytes -= node.Value.Bytes;
        }
    }

    sealed class Entry(RunTranscript transcript)
    {
        public RunTranscript Transcript => transcript;

        public long Bytes { get; set; }
    }
}
