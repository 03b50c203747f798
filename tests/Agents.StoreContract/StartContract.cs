using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

public abstract class StartContract<TSubject> : StoreContract<TSubject> where TSubject : StoreSubject, new()
{
    [Fact]
    public async Task Same_id_same_digest_is_the_same_run()
    {
        var first = await StartAsync(NewStart("a"));
        var second = await StartAsync(NewStart("a"));
        Assert.Equal((StartOutcome.Started, StartOutcome.AlreadyStarted), (first.Outcome, second.Outcome));
        Assert.Equal(first.InstanceKey, second.InstanceKey);
        Assert.Single(await InboxAsync(first.InstanceKey));
    }

    [Fact]
    public async Task Same_id_other_digest_is_a_conflict()
    {
        await StartAsync(NewStart("a"));
        Assert.Equal(StartOutcome.Conflict, (await StartAsync(NewStart("a", "other"))).Outcome);
    }

    [Fact]
    public async Task A_finished_run_still_answers_for_its_id()
    {
        await CompleteAsync(await OwnedAsync("a"), 0);
        Assert.Equal(StartOutcome.AlreadyStarted, (await StartAsync(NewStart("a"))).Outcome);
        Assert.Equal(StartOutcome.Conflict, (await StartAsync(NewStart("a", "other"))).Outcome);
    }

    [Fact]
    public async Task Of_many_starts_at_once_one_is_the_run()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => StartAsync(NewStart("a"))));
        Assert.Single(outcomes, o => o.Outcome == StartOutcome.Started);
        Assert.Single(outcomes.Select(o => o.InstanceKey).Distinct());
    }

    [Fact]
    public async Task Replace_terminal_replaces_a_finished_run_and_no_other()
    {
        var owned = await OwnedAsync("a");
        Assert.Equal(StartOutcome.Conflict, (await StartAsync(NewStart("a", "new") with { ReplaceTerminal = true })).Outcome);
        await CompleteAsync(owned, 0);
        var started = await StartAsync(NewStart("a", "new") with { ReplaceTerminal = true });
        Assert.Equal(StartOutcome.Started, started.Outcome);
        Assert.NotEqual(owned.Key, started.InstanceKey);
        Assert.Equal((OrchestrationStatus.Pending, 0), ((await FindAsync("a")).Status, (await FindAsync("a")).NextSequence));
        Assert.IsType<WriteOutcome.Fenced>(await WriteAsync(Turn(owned, 2)));
    }

    [Fact]
    public async Task Purge_leaves_a_tombstone()
    {
        var owned = await OwnedAsync("a");
        await CompleteAsync(owned, 0);
        Assert.Equal(1, (await Store.Admin.PurgeAsync(["a", "nobody"], Now, Cancel)).Deleted);
        Assert.Null(await Store.Queries.FindAsync("a", Cancel));
        Assert.Empty(await Store.Owner.ReadHistoryAsync(owned.Execution.Key, 0, long.MaxValue, Cancel));
        Assert.Equal(StartOutcome.AlreadyStarted, (await StartAsync(NewStart("a"))).Outcome);
        Assert.Equal(StartOutcome.Conflict, (await StartAsync(NewStart("a", "other"))).Outcome);
        Assert.Null(await Store.Queries.FindAsync("a", Cancel));
    }

    [Fact]
    public async Task A_tombstone_answers_for_its_window_and_is_then_forgotten()
    {
        await CompleteAsync(await OwnedAsync("a"), 0);
        await Store.Admin.PurgeAsync(["a"], Now, Cancel);
        Assert.Equal(0, await Store.Admin.ForgetTombstonesAsync(Now.AddDays(-14), Cancel));
        Clock.Advance(TimeSpan.FromDays(14) + TimeSpan.FromTicks(1));
        Assert.Equal(StartOutcome.Started, (await StartAsync(NewStart("a"))).Outcome);
        Assert.Equal(1, await Store.Admin.ForgetTombstonesAsync(Now.AddDays(-14), Cancel));
    }

    [Fact]
    public async Task Only_finished_runs_are_purged()
    {
        await OwnedAsync("running");
        await CompleteAsync(await OwnedAsync("done"), 0);
        var outcome = await Store.Admin.PurgeAsync(["running", "done"], Now, Cancel);
        Assert.Equal(1, outcome.Deleted);
        Assert.Contains("running", outcome.Refusal, StringComparison.Ordinal);
        Assert.NotNull(await Store.Queries.FindAsync("running", Cancel));
    }

    [Fact]
    public async Task Nothing_of_a_purged_run_remains()
    {
        var owned = await OwnedAsync("a");
        var turn = Turn(owned, 0, new EventRaised { Name = "e", Input = new string('x', Bound + 1) });
        await WriteAsync(turn with
        {
            Ledger = [new LedgerWrite(Entry(owned, "k", "t"), null)],
            Deltas = [new DeltaRow(0, 0, 1, 1, 1, "content", 0, "text")],
        });
        await SendAsync("a", new EventRaised { Name = "left over" }, "dedup");
        await CompleteAsync(owned, 1);
        await Store.Admin.PurgeAsync(["a"], Now, Cancel);
        var hash = Convert.ToHexStringLower(turn.Payloads[0].Hash.Span);
        Assert.Empty(await Store.Owner.ReadPayloadsAsync(owned.LineageKey, [hash], Cancel));
        Assert.Empty(await Store.Owner.ReadLedgerAsync("a", false, Cancel));
        Assert.Empty(await Store.Owner.ReadDeltasAsync(owned.Key, 0, -1, 0, 10, Cancel));
        Assert.Empty(await InboxAsync(owned.Key));
    }

    [Fact]
    public async Task A_scheduled_start_waits_for_its_time()
    {
        var started = await StartAsync(NewStart("a") with { ScheduledStart = Now.AddHours(1) });
        Assert.Empty(await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel));
        Assert.Equal(Now.AddHours(1), await Store.Owner.NextWakeAsync(Cancel));
        Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(started.InstanceKey, Assert.Single(await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel)).Key);
    }

    [Fact]
    public async Task A_commit_starts_children_in_its_own_transaction()
    {
        var parent = await OwnedAsync("parent");
        await WriteAsync(Turn(parent, 0) with { Starts = [NewStart("child") with { ParentInstanceId = "parent" }] });
        Assert.Equal("parent", (await FindAsync("child")).ParentInstanceId);
        Assert.Equal(["child"], await Store.Queries.ListChildrenAsync("parent", Cancel));
        Assert.NotEqual((await FindAsync("child")).LineageKey, parent.LineageKey);
    }

    [Fact]
    public async Task Child_id_clash_goes_to_the_parents_inbox()
    {
        var taken = await StartAsync(NewStart("child"));
        var parent = await OwnedAsync("parent");
        var failed = Message(new SubOrchestrationInstanceFailed
        {
            TaskScheduledId = 1, Failure = new FailureDetails("Clash", "the id is taken"),
        });
        await WriteAsync(Turn(parent, 0) with
        {
            Starts = [NewStart("child") with { ParentInstanceId = "parent", OnClash = new InboxSend("parent", failed, Now) }],
        });
        Assert.Equal(2, (await InboxAsync(parent.Key)).Count);
        Assert.Equal(taken.InstanceKey, (await FindAsync("child")).Key);
        Assert.Null((await FindAsync("child")).ParentInstanceId);
    }

    [Fact]
    public async Task A_finished_child_is_replaced_by_its_own_parent_only()
    {
        await StartAsync(NewStart("child") with { ParentInstanceId = "parent" });
        var child = await ClaimAsync((await FindAsync("child")).Key, 0);
        await CompleteAsync(child, 0);
        var again = NewStart("child", "again") with { ReplaceFinishedChild = true };
        Assert.Equal(StartOutcome.Conflict, (await StartAsync(again with { ParentInstanceId = "stranger" })).Outcome);
        Assert.Equal(StartOutcome.Started, (await StartAsync(again with { ParentInstanceId = "parent" })).Outcome);
    }

    [Fact]
    public async Task A_refused_start_leaves_nothing()
    {
        var start = NewStart("a") with { Cut = new ExecutionCut(987_654, 3) };
        Assert.IsType<WriteOutcome.Refused>(await WriteAsync(start));
        Assert.Null(await Store.Queries.FindAsync("a", Cancel));
        Assert.Equal(StartOutcome.Started, (await StartAsync(NewStart("a"))).Outcome);
    }
}
