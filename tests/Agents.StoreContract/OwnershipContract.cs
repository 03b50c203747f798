using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

public abstract class OwnershipContract<TSubject> : StoreContract<TSubject> where TSubject : StoreSubject, new()
{
    [Fact]
    public async Task A_claim_raises_the_epoch_and_names_the_owner()
    {
        var owned = await OwnedAsync("a");
        Assert.Equal((1, Node, 1), (owned.OwnerEpoch, owned.Owner, owned.ClaimsWithoutProgress));
        Assert.Equal(owned, await FindAsync("a"));
    }

    [Fact]
    public async Task Of_two_claims_one_is_granted()
    {
        var started = await StartAsync(NewStart("a"));
        var outcomes = await Task.WhenAll(
            WriteAsync(new InstanceClaim(started.InstanceKey, 0, "node-1", Now)),
            WriteAsync(new InstanceClaim(started.InstanceKey, 0, "node-2", Now)));
        Assert.Single(outcomes.OfType<WriteOutcome.Claimed>(), c => c.Instance is not null);
    }

    [Fact]
    public async Task Finished_parked_and_unknown_instances_are_not_claimed()
    {
        var done = await OwnedAsync("done");
        await CompleteAsync(done, 0);
        var parked = await OwnedAsync("parked");
        await WriteAsync(Empty(parked, 0) with { Park = "diverged" });
        Assert.Null(Assert.IsType<WriteOutcome.Claimed>(await WriteAsync(new InstanceClaim(done.Key, 1, Node, Now))).Instance);
        Assert.Null(Assert.IsType<WriteOutcome.Claimed>(await WriteAsync(new InstanceClaim(parked.Key, 1, Node, Now))).Instance);
        Assert.Null(Assert.IsType<WriteOutcome.Claimed>(await WriteAsync(new InstanceClaim(999_999, 0, Node, Now))).Instance);
    }

    [Fact]
    public async Task Claim_counts_without_progress_until_events_are_committed()
    {
        var owned = await OwnedAsync("a");
        owned = await ClaimAsync(owned.Key, owned.OwnerEpoch);
        await WriteAsync(Empty(owned, 0) with { Deltas = [new DeltaRow(0, 0, 1, 1, 1, "content", 0, "x")] });
        owned = await ClaimAsync(owned.Key, owned.OwnerEpoch);
        Assert.Equal(3, owned.ClaimsWithoutProgress);
        await WriteAsync(Turn(owned, 0));
        Assert.Equal(0, (await FindAsync("a")).ClaimsWithoutProgress);
    }

    [Fact]
    public async Task An_orderly_release_is_progress()
    {
        var owned = await OwnedAsync("a");
        await WriteAsync(Empty(owned, 0) with { Release = true });
        Assert.Equal((0, null), ((await FindAsync("a")).ClaimsWithoutProgress, (await FindAsync("a")).Owner));
    }

    [Fact]
    public async Task A_new_instance_with_a_message_is_claimable()
    {
        await StartAsync(NewStart("a"));
        Assert.Equal("a", Assert.Single(await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel)).InstanceId);
    }

    [Fact]
    public async Task What_this_node_owns_is_not_claimable_and_what_a_dead_one_owned_is()
    {
        await OwnedAsync("a");
        Assert.Empty(await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel));
        Assert.Single(await Store.Owner.FindClaimableAsync(["node-2"], Now, 10, Cancel));
        Assert.Empty(await Store.Owner.FindClaimableAsync(["node-2", Node], Now, 10, Cancel));
    }

    [Fact]
    public async Task What_another_live_node_owns_is_left_to_it_with_its_messages()
    {
        await OwnedAsync("a");
        await SendAsync("a", new EventRaised { Name = "e" });
        Assert.Empty(await Store.Owner.FindClaimableAsync(["node-2", Node], Now, 10, Cancel));
    }

    [Fact]
    public async Task A_node_finds_its_own_instances_that_have_messages_and_no_others()
    {
        var owned = await OwnedAsync("a");
        Assert.Equal(["a"], await Store.Owner.FindOverlookedAsync(Node, Now, 10, Cancel));
        Assert.Empty(await Store.Owner.FindOverlookedAsync("node-2", Now, 10, Cancel));
        await WriteAsync(Turn(owned, 0) with { ConsumedInbox = [.. (await InboxAsync(owned.Key)).Select(row => row.Id)] });
        Assert.Empty(await Store.Owner.FindOverlookedAsync(Node, Now, 10, Cancel));
        await SendAsync("a", new EventRaised { Name = "later" }, at: Now.AddMinutes(1));
        Assert.Empty(await Store.Owner.FindOverlookedAsync(Node, Now, 10, Cancel));
        Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(["a"], await Store.Owner.FindOverlookedAsync(Node, Now, 10, Cancel));
    }

    [Fact]
    public async Task A_released_instance_sleeps_until_its_wake_time_or_a_message()
    {
        var owned = await ReleasedAsync("a", Now.AddMinutes(10));
        Assert.Empty(await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel));
        Assert.Equal(Now.AddMinutes(10), await Store.Owner.NextWakeAsync(Cancel));
        await SendAsync("a", new EventRaised { Name = "e" });
        Assert.Equal(owned.Key, Assert.Single(await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel)).Key);
        Assert.Equal(Now, await Store.Owner.NextWakeAsync(Cancel));
    }

    [Fact]
    public async Task Nothing_to_do_is_no_wake()
    {
        await ReleasedAsync("a", null);
        await CompleteAsync(await OwnedAsync("b"), 0);
        Assert.Null(await Store.Owner.NextWakeAsync(Cancel));
        Assert.Empty(await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel));
    }

    [Fact]
    public async Task Oldest_wake_comes_first_and_the_number_is_bounded()
    {
        await ReleasedAsync("late", Now.AddMinutes(3));
        await ReleasedAsync("early", Now.AddMinutes(1));
        await ReleasedAsync("middle", Now.AddMinutes(2));
        Clock.Advance(TimeSpan.FromMinutes(5));
        var found = await Store.Owner.FindClaimableAsync([Node], Now, 2, Cancel);
        Assert.Equal(["early", "middle"], found.Select(i => i.InstanceId));
    }

    [Fact]
    public async Task A_finished_instance_does_not_wake_for_what_is_left_in_its_inbox()
    {
        var owned = await OwnedAsync("a");
        await SendAsync("a", new TimerFired { TimerId = 1, FireAt = Now }, at: Now.AddMinutes(1));
        await CompleteAsync(owned, 0);
        Assert.Null(await Store.Owner.NextWakeAsync(Cancel));
        Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Empty(await Store.Owner.FindClaimableAsync(["node-2"], Now, 10, Cancel));
        Assert.Empty(await InboxAsync(owned.Key));
    }

    [Fact]
    public async Task A_parked_instance_rests_until_unparked()
    {
        var owned = await OwnedAsync("a");
        await WriteAsync(Empty(owned, 0) with { Park = "diverged at 7" });
        Assert.Empty(await Store.Owner.FindClaimableAsync(["node-2"], Now, 10, Cancel));
        Assert.Equal("diverged at 7", (await Store.Queries.GetAsync("a", Cancel))!.Parked);
        Assert.True(await Store.Admin.UnparkAsync(owned.Key, Now, Cancel));
        Assert.False(await Store.Admin.UnparkAsync(owned.Key, Now, Cancel));
        var found = Assert.Single(await Store.Owner.FindClaimableAsync([Node], Now, 10, Cancel));
        Assert.Equal((null, 0), (found.Parked, found.ClaimsWithoutProgress));
        await ClaimAsync(owned.Key, owned.OwnerEpoch);
    }

    [Fact]
    public async Task Continue_as_new_opens_a_generation_and_keeps_the_old_one()
    {
        var owned = await WithHistoryAsync("a", 1);
        var next = new NextExecution(NewExecutionId(), "2", [Message(new ExecutionStarted
        {
            Name = "AgentRun", InstanceId = "a", ExecutionId = "y", Input = "second input", Generation = 1,
        })]);
        var opened = Assert.IsType<WriteOutcome.Committed>(await WriteAsync(Turn(owned, 2) with { Next = next }));
        var found = await FindAsync("a");
        Assert.Equal(opened.NewExecutionKey, found.Execution.Key);
        Assert.Equal((1, next.ExecutionId, 0), (found.Execution.Generation, found.Execution.ExecutionId, found.NextSequence));
        Assert.Equal((owned.OwnerEpoch, Node, "2"), (found.OwnerEpoch, found.Owner, found.Version));
        Assert.Equal(2, (await InboxAsync(owned.Key)).Count);
        Assert.Equal(["event 0", "event 2"], await EventsAsync(owned.Execution.Key));
        Assert.Equal([0, 1], (await Store.Queries.ListExecutionsAsync(owned.Key, Cancel)).Select(e => e.Generation));
        Assert.IsType<WriteOutcome.Fenced>(await WriteAsync(Turn(owned, 4)));
        Assert.IsType<WriteOutcome.Committed>(await WriteAsync(Turn(found, 0)));
    }

    [Fact]
    public async Task Continue_as_new_keeps_messages_and_dedup_keys()
    {
        var owned = await OwnedAsync("a");
        await SendAsync("a", new EventRaised { Name = "kept" }, "k");
        await WriteAsync(Turn(owned, 0) with { Next = new NextExecution(NewExecutionId(), null, []) });
        Assert.Equal(2, (await InboxAsync(owned.Key)).Count);
        var again = await SendAsync("a", new EventRaised { Name = "kept" }, "k");
        Assert.Equal(Contracts.Client.SendOutcome.AlreadyAccepted, again.Outcome);
    }

    async Task<InstanceRecord> ReleasedAsync(string id, DateTimeOffset? wake)
    {
        var owned = await OwnedAsync(id);
        var consumed = (await InboxAsync(owned.Key)).Select(row => row.Id).ToList();
        await WriteAsync(Turn(owned, 0) with { ConsumedInbox = consumed, Wake = new WakeChange(wake), Release = true });
        return owned;
    }
}
