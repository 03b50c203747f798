using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

public abstract class FenceContract<TSubject> : StoreContract<TSubject> where TSubject : StoreSubject, new()
{
    [Fact]
    public async Task A_commit_appends_its_events_and_moves_the_fence()
    {
        var owned = await WithHistoryAsync("a", 3);
        Assert.Equal(["event 0", "event 2", "event 4"], await EventsAsync(owned.Execution.Key));
        Assert.Equal(6, (await FindAsync("a")).NextSequence);
        Assert.Equal(["event 4"], await EventsAsync(owned.Execution.Key, from: 4));
        Assert.Equal(["event 4"], await EventsAsync(owned.Execution.Key, from: 5));
        Assert.Empty(await EventsAsync(owned.Execution.Key, from: 6));
    }

    [Fact]
    public async Task Stale_epoch_commits_nothing()
    {
        var owned = await WithHistoryAsync("a", 1);
        await ClaimAsync(owned.Key, owned.OwnerEpoch, "node-2");
        await NothingIsWrittenAsync(owned, Everything(owned, 2));
    }

    [Fact]
    public async Task Stale_sequence_commits_nothing()
    {
        var owned = await WithHistoryAsync("a", 2);
        await NothingIsWrittenAsync(owned, Everything(owned, 2));
    }

    [Fact]
    public async Task A_sequence_ahead_commits_nothing()
    {
        var owned = await WithHistoryAsync("a", 1);
        await NothingIsWrittenAsync(owned, Everything(owned, 4));
    }

    [Fact]
    public async Task Stale_execution_commits_nothing()
    {
        var owned = await WithHistoryAsync("a", 1);
        var stale = owned with { Execution = owned.Execution with { Key = owned.Execution.Key + 1000 } };
        await NothingIsWrittenAsync(owned, Everything(stale, 2));
    }

    [Fact]
    public async Task The_same_commit_twice_is_in_once()
    {
        var owned = await OwnedAsync("a");
        var turn = Turn(owned, 0);
        Assert.IsType<WriteOutcome.Committed>(await WriteAsync(turn));
        Assert.IsType<WriteOutcome.Fenced>(await WriteAsync(turn));
        Assert.Equal(["event 0"], await EventsAsync(owned.Execution.Key));
    }

    [Fact]
    public async Task The_last_commit_id_tells_what_is_in()
    {
        var owned = await OwnedAsync("a");
        var turn = Turn(owned, 0) with { CommitId = long.MinValue + 5 };
        await WriteAsync(turn);
        var read = Assert.Single(await Store.Writes.ReadInstancesAsync([owned.Key, 999_999], Cancel));
        Assert.Equal(turn.CommitId, read.LastCommitId);
        Assert.Equal((2, 1), (read.NextSequence, read.OwnerEpoch));
    }

    [Fact]
    public async Task One_stale_commit_does_not_stop_its_batch()
    {
        var first = await OwnedAsync("first");
        var stale = await WithHistoryAsync("stale", 1);
        var last = await OwnedAsync("last");
        var outcomes = await Store.Writes.WriteAsync([Turn(first, 0), Turn(stale, 0), Turn(last, 0)], Cancel);
        Assert.IsType<WriteOutcome.Committed>(outcomes[0]);
        Assert.IsType<WriteOutcome.Fenced>(outcomes[1]);
        Assert.IsType<WriteOutcome.Committed>(outcomes[2]);
    }

    [Fact]
    public async Task Poison_write_is_refused_and_the_rest_commit()
    {
        const int Stale = 5, Oversize = 20, Poison = 40;
        var batch = new StoreWrite[64];
        var owned = new InstanceRecord[64];
        for (var i = 0; i < batch.Length; i++)
        {
            owned[i] = await OwnedAsync($"run {i}");
            batch[i] = Turn(owned[i], i == Stale ? 7 : 0);
        }

        batch[Oversize] = (InstanceCommit)batch[Oversize] with { Events = new byte[StoreSubject.RowBytesMax + 1] };
        batch[Poison] = (InstanceCommit)batch[Poison] with { ConsumedInbox = [987_654] };
        var outcomes = await Store.Writes.WriteAsync(batch, Cancel);
        for (var i = 0; i < batch.Length; i++)
        {
            Assert.IsType(
                i switch
                {
                    Stale => typeof(WriteOutcome.Fenced),
                    Oversize or Poison => typeof(WriteOutcome.Refused),
                    _ => typeof(WriteOutcome.Committed),
                },
                outcomes[i]);
            Assert.Equal(i is Stale or Oversize or Poison ? 0 : 2, (await FindAsync($"run {i}")).NextSequence);
        }
    }

    [Fact]
    public async Task Count_without_events_and_events_without_count_are_refused()
    {
        var owned = await OwnedAsync("a");
        Assert.IsType<WriteOutcome.Refused>(await WriteAsync(Empty(owned, 0) with { EventCount = 1 }));
        Assert.IsType<WriteOutcome.Refused>(await WriteAsync(Turn(owned, 0) with { EventCount = 0 }));
        Assert.IsType<WriteOutcome.Refused>(await WriteAsync(Turn(owned, 0) with { EventCount = -1 }));
        Assert.Empty(await EventsAsync(owned.Execution.Key));
    }

    [Fact]
    public async Task Of_two_owners_racing_one_commits()
    {
        var first = await OwnedAsync("a");
        var second = await ClaimAsync(first.Key, first.OwnerEpoch, "node-2");
        var outcomes = await Task.WhenAll(WriteAsync(Turn(first, 0)), WriteAsync(Turn(second, 0)));
        Assert.IsType<WriteOutcome.Fenced>(outcomes[0]);
        Assert.IsType<WriteOutcome.Committed>(outcomes[1]);
    }

    [Fact]
    public async Task A_claim_between_two_commits_of_one_owner_stops_the_second()
    {
        var owned = await OwnedAsync("a");
        var outcomes = await Store.Writes.WriteAsync(
            [Turn(owned, 0), new InstanceClaim(owned.Key, owned.OwnerEpoch, "node-2", Now), Turn(owned, 2)], Cancel);
        Assert.IsType<WriteOutcome.Committed>(outcomes[0]);
        Assert.NotNull(Assert.IsType<WriteOutcome.Claimed>(outcomes[1]).Instance);
        Assert.IsType<WriteOutcome.Fenced>(outcomes[2]);
    }

    [Fact]
    public async Task What_was_acknowledged_is_there_when_opened_again()
    {
        var owned = await WithHistoryAsync("a", 2);
        await Store.DisposeAsync();
        await using var again = Subject.Open(Clock);
        var found = await again.Queries.FindAsync("a", Cancel);
        Assert.Equal((4, owned.OwnerEpoch, owned.Key), (found!.NextSequence, found.OwnerEpoch, found.Key));
        Assert.Equal(2, (await again.Owner.ReadHistoryAsync(owned.Execution.Key, 0, long.MaxValue, Cancel)).Count);
        await again.DisposeAsync();
        await InitializeAsync();
    }

    /// <summary>A commit that changes everything a commit can change.</summary>
    InstanceCommit Everything(InstanceRecord owned, long sequence) => Turn(owned, sequence) with
    {
        Status = new StatusChange(OrchestrationStatus.Completed, "leak"),
        CustomStatus = "leak",
        Wake = new WakeChange(Now),
        InDoubt = 9,
        Sends = [new InboxSend("a", Message(new EventRaised { Name = "leak" }), Now)],
        Starts = [NewStart("leak")],
        Ledger = [new LedgerWrite(Entry(owned, "leak", "t"), null)],
        Payloads = [new PayloadRow(new byte[32], new byte[1], 1)],
        Deltas = [new DeltaRow(0, 0, 1, 1, 1, "content", 0, "leak")],
        Next = new NextExecution(NewExecutionId(), null, []),
        Release = true,
    };

    async Task NothingIsWrittenAsync(InstanceRecord owned, InstanceCommit commit)
    {
        var before = await FindAsync("a");
        var view = await Store.Queries.GetAsync("a", Cancel);
        var events = await EventsAsync(owned.Execution.Key);
        Assert.IsType<WriteOutcome.Fenced>(await WriteAsync(commit));
        Assert.Equal(before, await FindAsync("a"));
        Assert.Equal(view, await Store.Queries.GetAsync("a", Cancel));
        Assert.Equal(events, await EventsAsync(owned.Execution.Key));
        Assert.Single(await InboxAsync(owned.Key));
        Assert.Null(await Store.Queries.FindAsync("leak", Cancel));
        Assert.Empty(await Store.Owner.ReadLedgerAsync("a", false, Cancel));
        Assert.Empty(await Store.Owner.ReadPayloadsAsync(owned.LineageKey, [new string('0', 64)], Cancel));
        Assert.Empty(await Store.Owner.ReadDeltasAsync(owned.Key, 0, -1, 0, 10, Cancel));
        Assert.Single(await Store.Queries.ListExecutionsAsync(owned.Key, Cancel));
    }
}
