using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

public abstract class ForkContract<TSubject> : StoreContract<TSubject> where TSubject : StoreSubject, new()
{
    [Fact]
    public async Task Fork_shares_history_before_the_cut()
    {
        var root = await WithHistoryAsync("root", 3);
        var fork = await ForkAsync("fork", root, 3);
        await WriteAsync(Turn(fork, 3, new EventRaised { Name = "own" }));
        Assert.Equal(["event 0", "own"], await EventsAsync(fork.Execution.Key));
        Assert.Equal(["own"], await EventsAsync(fork.Execution.Key, from: 3));
        Assert.Equal(["event 0", "event 2", "event 4"], await EventsAsync(root.Execution.Key));
        Assert.Equal(root.LineageKey, fork.LineageKey);
    }

    [Fact]
    public async Task A_fork_of_a_fork_reads_through_both_cuts()
    {
        var root = await WithHistoryAsync("root", 3);
        var fork = await ForkAsync("fork", root, 4);
        await WriteAsync(Turn(fork, 4, new EventRaised { Name = "fork 4" }, new EventRaised { Name = "fork 5" }));
        var second = await ForkAsync("second", fork, 5);
        await WriteAsync(Turn(second, 5, new EventRaised { Name = "second 5" }));
        Assert.Equal(["event 0", "event 2", "fork 4", "second 5"], await EventsAsync(second.Execution.Key));
        var early = await ForkAsync("early", second, 2);
        Assert.Equal(["event 0"], await EventsAsync(early.Execution.Key));
    }

    [Fact]
    public async Task A_fork_keeps_its_header()
    {
        var root = await WithHistoryAsync("root", 1);
        var fork = await ForkAsync("fork", root, 2);
        Assert.Equal(new ExecutionCut(root.Execution.Key, 2), fork.Execution.Cut);
        Assert.Equal(("seed", 7), (fork.Execution.IdentitySeed, fork.Execution.Generation));
        Assert.Equal(2, fork.NextSequence);
    }

    [Fact]
    public async Task A_fork_without_messages_is_to_be_claimed_at_once()
    {
        var root = await WithHistoryAsync("root", 1);
        await StartAsync(NewFork("fork", root, 2));
        Assert.Contains("fork", (await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel)).Select(i => i.InstanceId));
    }

    [Fact]
    public async Task History_is_read_in_pages()
    {
        var root = await WithHistoryAsync("root", 4);
        var fork = await ForkAsync("fork", root, 6);
        await WriteAsync(Turn(fork, 6));
        var from = 0L;
        var pages = 0;
        while (await Store.Owner.ReadHistoryAsync(fork.Execution.Key, from, 1, Cancel) is { Count: > 0 } page)
        {
            var row = Assert.Single(page);
            Assert.Equal(from, row.FirstSequence + row.Skip);
            from = row.FirstSequence + row.Skip + row.Take;
            pages++;
        }

        Assert.Equal((8, 4), (from, pages));
    }

    [Fact]
    public async Task Purged_root_with_live_fork_is_hidden()
    {
        var (root, fork, hash) = await RootWithForkAsync();
        var outcome = await Store.Admin.PurgeAsync(["root"], Now, Cancel);
        Assert.Equal((0, "fork"), (outcome.Deleted, Assert.Single(outcome.RetainedBy)));
        Assert.Null(await Store.Queries.FindAsync("root", Cancel));
        Assert.Null(await Store.Queries.GetAsync("root", Cancel));
        Assert.Equal("fork", Assert.Single((await Store.Queries.QueryAsync(new InstanceQuery(), Cancel)).Items).InstanceId);
        Assert.Equal(["big"], await EventsAsync(fork.Execution.Key));
        Assert.Single(await Store.Owner.ReadPayloadsAsync(root.LineageKey, [hash], Cancel));
        Assert.Equal(StartOutcome.AlreadyStarted, (await StartAsync(NewStart("root"))).Outcome);
    }

    [Fact]
    public async Task A_hidden_root_goes_with_its_last_fork()
    {
        var (root, fork, hash) = await RootWithForkAsync();
        await Store.Admin.PurgeAsync(["root"], Now, Cancel);
        await CompleteAsync(fork, 1);
        Assert.Equal(1, (await Store.Admin.PurgeAsync(["fork"], Now, Cancel)).Deleted);
        Assert.Empty(await Store.Owner.ReadHistoryAsync(root.Execution.Key, 0, long.MaxValue, Cancel));
        Assert.Empty(await Store.Owner.ReadPayloadsAsync(root.LineageKey, [hash], Cancel));
    }

    [Fact]
    public async Task A_fork_purged_first_leaves_the_root_and_the_payloads()
    {
        var (root, fork, hash) = await RootWithForkAsync();
        await CompleteAsync(fork, 1);
        Assert.Equal(1, (await Store.Admin.PurgeAsync(["fork"], Now, Cancel)).Deleted);
        Assert.Equal(["big"], (await EventsAsync(root.Execution.Key)).Take(1));
        Assert.Single(await Store.Owner.ReadPayloadsAsync(root.LineageKey, [hash], Cancel));
    }

    [Fact]
    public async Task A_chain_of_forks_names_the_visible_ones()
    {
        var (_, fork, _) = await RootWithForkAsync();
        await ForkAsync("second", fork, 1);
        await CompleteAsync(fork, 1);
        Assert.Equal(["second"], (await Store.Admin.PurgeAsync(["fork"], Now, Cancel)).RetainedBy);
        Assert.Equal(["second"], (await Store.Admin.PurgeAsync(["root"], Now, Cancel)).RetainedBy);
    }

    [Fact]
    public async Task Rewind_opens_an_execution_cut_in_the_failed_one()
    {
        var owned = await WithHistoryAsync("a", 2);
        await FailAsync(owned, 4);
        Assert.True(await RewindAsync(owned, cut: 2));
        var rewound = await FindAsync("a");
        Assert.Equal((OrchestrationStatus.Running, 2, 1), (rewound.Status, rewound.NextSequence, rewound.Execution.Generation));
        Assert.Equal(("new seed", null), (rewound.Execution.IdentitySeed, rewound.Owner));
        Assert.Contains("a", (await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel)).Select(i => i.InstanceId));
        var claimed = await ClaimAsync(rewound.Key, rewound.OwnerEpoch);
        await WriteAsync(Turn(claimed, 2, new EventRaised { Name = "again" }));
        Assert.Equal(["event 0", "again"], await EventsAsync(claimed.Execution.Key));
        Assert.Equal(["event 0", "event 2", "event 4"], await EventsAsync(owned.Execution.Key));
        var view = await Store.Queries.GetAsync("a", Cancel);
        Assert.Equal((null, null), (view!.CompletedAt, view.Failure));
    }

    [Fact]
    public async Task Rewind_fences_out_the_owner_of_the_failed_execution()
    {
        var owned = await WithHistoryAsync("a", 2);
        await FailAsync(owned, 4);
        await RewindAsync(owned, cut: 2);
        Assert.IsType<WriteOutcome.Fenced>(await WriteAsync(Turn(owned, 6)));
    }

    [Fact]
    public async Task Only_a_failed_execution_is_rewound()
    {
        var owned = await WithHistoryAsync("a", 2);
        Assert.False(await RewindAsync(owned, cut: 2));
        await FailAsync(owned, 4);
        Assert.False(await RewindAsync(owned with { Execution = owned.Execution with { Key = 999 } }, cut: 2));
        Assert.False(await RewindAsync(owned, cut: 100));
        Assert.Single(await Store.Queries.ListExecutionsAsync(owned.Key, Cancel));
    }

    Task<bool> RewindAsync(InstanceRecord owned, long cut) => Store.Admin.RewindAsync(
        owned.Key, owned.Execution.Key, NewExecutionId(), "new seed", cut,
        [Message(new ExecutionRewound { Reason = "try again" })], Now, Cancel);

    async Task FailAsync(InstanceRecord owned, long sequence) => await WriteAsync(Turn(owned, sequence) with
    {
        Status = new StatusChange(OrchestrationStatus.Failed, null, new FailureDetails("T", "m")), Release = true,
    });

    async Task<(InstanceRecord Root, InstanceRecord Fork, string Hash)> RootWithForkAsync()
    {
        var root = await OwnedAsync("root");
        var turn = Turn(root, 0, new EventRaised { Name = "big", Input = new string('x', Bound + 1) });
        await WriteAsync(turn);
        var fork = await ForkAsync("fork", root, 1);
        await CompleteAsync(root, 1);
        return (root, fork, Convert.ToHexStringLower(turn.Payloads[0].Hash.Span));
    }

    InstanceStart NewFork(string id, InstanceRecord from, long cut) => NewStart(id) with
    {
        Cut = new ExecutionCut(from.Execution.Key, cut),
        LineageKey = from.LineageKey,
        IdentitySeed = "seed",
        Generation = 7,
        Inbox = [],
    };

    async Task<InstanceRecord> ForkAsync(string id, InstanceRecord from, long cut) =>
        await ClaimAsync((await StartAsync(NewFork(id, from, cut))).InstanceKey, 0);
}
