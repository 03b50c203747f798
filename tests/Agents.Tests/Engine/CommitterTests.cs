using Agents.Engine;
using Agents.Engine.Store;
using Agents.Engine.Work;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>What becomes of writes while the store takes none: commits wait, everybody else is told.</summary>
public sealed class CommitterTests
{
    readonly FakeTimeProvider _clock = new();
    readonly FullStore _store = new();

    [Fact]
    public async Task Commits_wait_for_space_and_go_in_once()
    {
        var committer = NewCommitter();
        _store.Full = true;

        var commit = committer.SubmitAsync(Commit(1));
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(15));
        }

        Assert.False(commit.IsCompleted);
        Assert.Equal("AG1102: full", committer.Problem);

        _store.Full = false;
        await UntilAsync(commit);

        Assert.IsType<WriteOutcome.Committed>(await commit);
        Assert.Null(committer.Problem);
        Assert.Equal([1L], _store.Taken);
    }

    [Fact]
    public async Task Others_behind_a_waiting_commit_are_told_at_once()
    {
        var committer = NewCommitter();
        _store.Full = true;
        var commit = committer.SubmitAsync(Commit(1));

        var claim = committer.SubmitAsync(new InstanceClaim(2, 0, "node", _clock.GetUtcNow()));

        var told = await Assert.ThrowsAsync<StoreUnavailableException>(() => claim);
        Assert.StartsWith("AG1102", told.Message, StringComparison.Ordinal);
        Assert.False(commit.IsCompleted);

        _store.Full = false;
        await UntilAsync(commit);
        Assert.IsType<WriteOutcome.Committed>(await committer.SubmitAsync(Commit(3)));
    }

    async Task UntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(15));
            await Task.Yield();
        }
    }

    Committer NewCommitter() => new(
        _store, new EngineOptions { NodeId = "node" }, new EngineEnvironment(_clock, new NoIds(), NullLogger.Instance));

    InstanceCommit Commit(long key) => new()
    {
        InstanceKey = key, ExecutionKey = 1, OwnerEpoch = 1, ExpectedSequence = 0, CommitId = 1, Now = _clock.GetUtcNow(),
    };

    sealed class NoIds : IIdSource
    {
        public Guid NextGuid() => Guid.Empty;
    }

    sealed class FullStore : IWriteStore
    {
        public bool Full { get; set; }

        public List<long> Taken { get; } = [];

        public Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            if (Full)
            {
                return Task.FromException<IReadOnlyList<WriteOutcome>>(new StoreUnavailableException("AG1102: full", null));
            }

            Taken.AddRange(batch.OfType<InstanceCommit>().Select(c => c.InstanceKey));
            return Task.FromResult<IReadOnlyList<WriteOutcome>>([.. batch.Select(_ => new WriteOutcome.Committed(null))]);
        }

        public Task<IReadOnlyList<InstanceRecord>> ReadInstancesAsync(IReadOnlyList<long> keys, CancellationToken cancel) =>
            Task.FromResult<IReadOnlyList<InstanceRecord>>([]);
    }
}
