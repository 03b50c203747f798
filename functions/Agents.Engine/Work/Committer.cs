using Agents.Engine.Store;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Work;

/// <summary>
/// Writes everything that is ready on this node in one transaction, one batch in flight at a time unless the options say
/// otherwise: while one batch is being made durable the next one gathers. An instance is in at most one batch because its owner awaits its commit.
/// </summary>
internal sealed class Committer(IWriteStore store, EngineOptions options, EngineEnvironment environment)
{
    static readonly TimeSpan s_retryFirst = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan s_retryMax = TimeSpan.FromSeconds(15);

    readonly Lock _gate = new();
    readonly Queue<Pending> _waiting = new();
    int _running;
    bool _retrying;

    /// <summary>What keeps the store from taking writes; null while all is well.</summary>
    public string? Problem { get; private set; }

    /// <summary>
    /// Completes once the write is durable or refused. An <see cref="InstanceCommit"/> waits through a store that is
    /// unavailable (nothing of it is in); any other write then fails at once, so that its caller can tell its client.
    /// </summary>
    public Task<WriteOutcome> SubmitAsync(StoreWrite write)
    {
        var pending = new Pending(write);
        var start = false;
        lock (_gate)
        {
            if (_retrying && write is not InstanceCommit)
            {
                return Task.FromException<WriteOutcome>(new StoreUnavailableException(Problem ?? "AG1102: the store takes no writes", null));
            }

            _waiting.Enqueue(pending);
            if (_running < options.GroupsInFlightMax)
            {
                _running++;
                start = true;
            }
        }

        if (start)
        {
            _ = DrainAsync();
        }

        return pending.Outcome.Task;
    }

    async Task DrainAsync()
    {
        while (true)
        {
            List<Pending> batch;
            lock (_gate)
            {
                if (_waiting.Count == 0)
                {
                    _running--;
                    return;
                }

                batch = new List<Pending>(Math.Min(_waiting.Count, options.GroupWritesMax));
                while (batch.Count < options.GroupWritesMax && _waiting.TryDequeue(out var next))
                {
                    batch.Add(next);
                }
            }

            var write = WriteAsync(batch);
            var onThisThread = write.IsCompleted;
            await write;
            Volatile.Write(ref _retrying, false);
            if (onThisThread && MoreWait())
            {
                // Whoever submitted first must not carry everybody else's writes before going on with its own.
                await Task.Yield();
            }
        }
    }

    bool MoreWait()
    {
        lock (_gate)
        {
            return _waiting.Count > 0;
        }
    }

    async Task WriteAsync(List<Pending> batch)
    {
        var delay = s_retryFirst;
        while (batch.Count > 0)
        {
            try
            {
                var outcomes = await store.WriteAsync(batch.ConvertAll(p => p.Write), CancellationToken.None);
                Available();
                Volatile.Write(ref _retrying, false);
                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].Outcome.TrySetResult(outcomes[i]);
                }

                return;
            }
            catch (StoreUnavailableException e)
            {
                // Nothing of the batch is in, so sending it again is no blind retry.
                Unavailable(e);
                batch = FailAllButCommits(batch, e);
                FailWaitingButCommits(retrying: batch.Count > 0, e);
            }
            catch (UnknownOutcomeException e)
            {
                Log.UnknownOutcome(environment.Log, e, batch.Count);
                await ReadBackAsync(FailAllButCommits(batch, e));
                return;
            }
            catch (Exception e)
            {
                // A bug in the store: its instances must not hang; each owner reloads from what is stored.
                Log.StoreFault(environment.Log, e);
                batch.ForEach(p => p.Outcome.TrySetException(e));
                return;
            }

            await Task.Delay(delay, environment.Clock);
            delay = delay * 2 < s_retryMax ? delay * 2 : s_retryMax;
        }
    }

    /// <summary>Says a problem once, however often it is met.</summary>
    void Unavailable(Exception e)
    {
        if (Problem is null)
        {
            Log.StoreUnavailable(environment.Log, e, e.Message);
        }

        Problem = e.Message;
    }

    void Available()
    {
        if (Problem is not null)
        {
            Problem = null;
            Log.StoreAvailable(environment.Log);
        }
    }

    /// <summary>While commits are tried again, whoever else waits behind them is told, instead of being left hanging.</summary>
    void FailWaitingButCommits(bool retrying, Exception e)
    {
        List<Pending> failed = [];
        lock (_gate)
        {
            _retrying = retrying;
            if (retrying)
            {
                failed = [.. _waiting.Where(p => p.Write is not InstanceCommit)];
                var commits = _waiting.Where(p => p.Write is InstanceCommit).ToArray();
                _waiting.Clear();
                Array.ForEach(commits, _waiting.Enqueue);
            }
        }

        failed.ForEach(p => p.Outcome.TrySetException(e));
    }

    static List<Pending> FailAllButCommits(List<Pending> batch, Exception e)
    {
        foreach (var pending in batch.Where(p => p.Write is not InstanceCommit))
        {
            pending.Outcome.TrySetException(e);
        }

        return batch.FindAll(p => p.Write is InstanceCommit);
    }

    /// <summary>The reply to COMMIT was lost: what is stored tells which commits are in; the others are given up.</summary>
    async Task ReadBackAsync(List<Pending> commits)
    {
        var delay = s_retryFirst;
        while (commits.Count > 0)
        {
            try
            {
                var keys = commits.ConvertAll(p => ((InstanceCommit)p.Write).InstanceKey);
                var stored = (await store.ReadInstancesAsync(keys, CancellationToken.None)).ToDictionary(r => r.Key);
                Available();
                foreach (var pending in commits)
                {
                    var sent = (InstanceCommit)pending.Write;
                    var isIn = stored.TryGetValue(sent.InstanceKey, out var row) && row.LastCommitId == sent.CommitId;
                    pending.Outcome.TrySetResult(isIn
                        ? new WriteOutcome.Committed(sent.Next is null ? null : row!.Execution.Key)
                        : new WriteOutcome.Fenced());
                }

                return;
            }
            catch (Exception e) when (e is StoreUnavailableException or UnknownOutcomeException)
            {
                Unavailable(e);
                await Task.Delay(delay, environment.Clock);
                delay = delay * 2 < s_retryMax ? delay * 2 : s_retryMax;
            }
        }
    }

    sealed class Pending(StoreWrite write)
    {
        public StoreWrite Write { get; } = write;

        public TaskCompletionSource<WriteOutcome> Outcome { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
