using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Store;
using Xunit;

namespace Agents.StoreContract;

public abstract class QueryContract<TSubject> : StoreContract<TSubject> where TSubject : StoreSubject, new()
{
    [Fact]
    public async Task A_view_shows_what_was_asked_and_what_came_of_it()
    {
        var tags = new Dictionary<string, string> { ["team"] = "red", ["empty"] = "" };
        var started = await StartAsync(NewStart("a") with { Tags = tags, Version = "3" });
        var view = await ViewAsync("a");
        Assert.Equal((OrchestrationStatus.Pending, "input of a", "3"), (view.Status, view.Input, view.Version));
        Assert.Equal(tags.OrderBy(t => t.Key), view.Tags!.OrderBy(t => t.Key));

        var owned = await ClaimAsync(started.InstanceKey, 0);
        var consumed = (await InboxAsync(owned.Key)).Select(row => row.Id).ToList();
        Clock.Advance(TimeSpan.FromSeconds(1));
        await WriteAsync(Turn(owned, 0, new ExecutionStarted
        {
            Name = "AgentRun", InstanceId = "a", ExecutionId = "x", Input = new string('i', Bound + 1),
        }) with
        {
            ConsumedInbox = consumed, Status = new StatusChange(OrchestrationStatus.Running), CustomStatus = "step 1",
        });
        view = await ViewAsync("a");
        Assert.Equal((OrchestrationStatus.Running, "step 1", Now), (view.Status, view.CustomStatus, view.UpdatedAt));
        Assert.Equal((Bound + 1, 1, (DateTimeOffset?)null), (view.Input!.Length, view.HistoryEvents, view.CompletedAt));

        Clock.Advance(TimeSpan.FromSeconds(1));
        var failure = new FailureDetails("T", "nul \0", "stack", new FailureDetails("Inner", "m"), true);
        await WriteAsync(Turn(owned, 1) with { Status = new StatusChange(OrchestrationStatus.Failed, "partial", failure) });
        view = await ViewAsync("a");
        Assert.Equal((OrchestrationStatus.Failed, "partial", Now), (view.Status, view.Output, view.CompletedAt));
        Assert.Equal(failure, view.Failure);
        Assert.Equal("step 1", view.CustomStatus);
    }

    [Fact]
    public async Task An_unknown_id_is_nobody()
    {
        Assert.Null(await Store.Queries.GetAsync("nobody", Cancel));
        Assert.Null(await Store.Queries.FindAsync("nobody", Cancel));
        Assert.Empty(await Store.Queries.ListChildrenAsync("nobody", Cancel));
        Assert.Empty(await Store.Queries.ListExecutionsAsync(999, Cancel));
    }

    [Fact]
    public async Task Filters_are_anded()
    {
        await StartAsync(NewStart("job-1") with { Tags = new Dictionary<string, string> { ["team"] = "red" } });
        await StartAsync(NewStart("job-2") with { Name = "Other" });
        Clock.Advance(TimeSpan.FromHours(1));
        var later = Now;
        await CompleteAsync(await OwnedAsync("job-3"), 0);
        await StartAsync(NewStart("xjob"));
        Assert.Equal(["job-1", "job-2", "job-3"], await IdsAsync(new InstanceQuery { IdPrefix = "job-" }));
        Assert.Equal(["job-2"], await IdsAsync(new InstanceQuery { Name = "Other" }));
        Assert.Equal(["job-1"], await IdsAsync(new InstanceQuery { Tag = new("team", "red") }));
        Assert.Empty(await IdsAsync(new InstanceQuery { Tag = new("team", "blue") }));
        Assert.Equal(["job-3", "xjob"], await IdsAsync(new InstanceQuery { CreatedFrom = later }));
        Assert.Equal(["job-1", "job-2"], await IdsAsync(new InstanceQuery { CreatedTo = later.AddTicks(-1) }));
        Assert.Equal(["job-3"], await IdsAsync(new InstanceQuery { Statuses = [OrchestrationStatus.Completed] }));
        Assert.Equal(4, (await IdsAsync(new InstanceQuery
        {
            Statuses = [OrchestrationStatus.Completed, OrchestrationStatus.Pending],
        })).Count);
        Assert.Empty(await IdsAsync(new InstanceQuery { IdPrefix = "job-", Statuses = [OrchestrationStatus.Failed] }));
    }

    [Fact]
    public async Task What_ended_is_found_in_the_order_of_its_end_without_children()
    {
        var slow = await OwnedAsync("slow");
        await CompleteAsync(await OwnedAsync("first"), 0);
        Clock.Advance(TimeSpan.FromMinutes(1));
        await StartAsync(NewStart("child") with { ParentInstanceId = "slow" });
        await CompleteAsync(await ClaimByIdAsync("child"), 0);
        await StartAsync(NewStart("orphan") with { ParentInstanceId = "nobody" });
        await CompleteAsync(await ClaimByIdAsync("orphan"), 0);
        Clock.Advance(TimeSpan.FromMinutes(1));
        await CompleteAsync(slow, 0);
        var failed = await OwnedAsync("failed");
        await WriteAsync(Turn(failed, 0) with { Status = new StatusChange(OrchestrationStatus.Failed) });

        Task<IReadOnlyList<EndedInstance>> EndedAsync(DateTimeOffset before, EndedInstance? after = null, int max = 10) =>
            Store.Queries.FindEndedAsync(OrchestrationStatus.Completed, before, after, max, Cancel);
        var all = await EndedAsync(Now);
        Assert.Equal(["first", "orphan", "slow"], all.Select(e => e.InstanceId));
        Assert.Equal((Now - TimeSpan.FromMinutes(2), Now), (all[0].EndedAt, all[2].EndedAt));
        Assert.Equal(["first"], (await EndedAsync(Now, null, 1)).Select(e => e.InstanceId));
        Assert.Equal(["orphan", "slow"], (await EndedAsync(Now, all[0])).Select(e => e.InstanceId));
        Assert.Equal(["first", "orphan"], (await EndedAsync(Now.AddTicks(-1))).Select(e => e.InstanceId));
        await Store.Admin.PurgeAsync(["first"], Now, Cancel);
        Assert.Equal(["orphan", "slow"], (await EndedAsync(Now)).Select(e => e.InstanceId));
    }

    async Task<InstanceRecord> ClaimByIdAsync(string id) => await ClaimAsync((await Store.Queries.FindAsync(id, Cancel))!.Key, 0);

    [Fact]
    public async Task Parked_is_a_filter_of_its_own()
    {
        var owned = await OwnedAsync("parked");
        await OwnedAsync("other");
        await WriteAsync(Empty(owned, 0) with { Park = "why" });
        Assert.Equal(["parked"], await IdsAsync(new InstanceQuery { Parked = true }));
        Assert.Equal(["other"], await IdsAsync(new InstanceQuery { Parked = false }));
    }

    [Fact]
    public async Task An_id_prefix_is_no_pattern()
    {
        await StartAsync(NewStart("a%b_c"));
        await StartAsync(NewStart("aXbYc"));
        Assert.Equal(["a%b_c"], await IdsAsync(new InstanceQuery { IdPrefix = "a%b_" }));
    }

    [Fact]
    public async Task Pages_go_from_new_to_old_and_show_everyone_once()
    {
        for (var i = 0; i < 7; i++)
        {
            await StartAsync(NewStart($"run {i}"));
            Clock.Advance(i % 2 == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(1));
        }

        var seen = new List<string>();
        var query = new InstanceQuery { PageSize = 3 };
        do
        {
            var page = await Store.Queries.QueryAsync(query, Cancel);
            seen.AddRange(page.Items.Select(view => view.InstanceId));
            await StartAsync(NewStart($"newer {seen.Count}"));
            query = query with { ContinuationToken = page.ContinuationToken };
        }
        while (query.ContinuationToken is not null);

        Assert.Equal(["run 6", "run 5", "run 4", "run 3", "run 2", "run 1", "run 0"], seen);
    }

    [Fact]
    public async Task Payloads_are_shown_only_when_asked_for()
    {
        await CompleteAsync(await OwnedAsync("a"), 0);
        var without = Assert.Single((await Store.Queries.QueryAsync(new InstanceQuery(), Cancel)).Items);
        var with = Assert.Single((await Store.Queries.QueryAsync(new InstanceQuery { WithPayloads = true }, Cancel)).Items);
        Assert.Equal((null, null), (without.Input, without.Output));
        Assert.Equal("output", with.Output);
    }

    [Fact]
    public async Task The_scan_names_a_reference_to_nothing()
    {
        var owned = await OwnedAsync("a");
        var turn = Turn(owned, 0, new EventRaised { Name = "e", Input = new string('x', Bound + 1) });
        await WriteAsync(turn with { Payloads = [] });
        Assert.Contains("payload", Assert.Single(await Store.Admin.VerifyAsync(Cancel)), StringComparison.Ordinal);
        await WriteAsync(Empty(owned, 1) with { Payloads = turn.Payloads });
        Assert.Empty(await Store.Admin.VerifyAsync(Cancel));
    }

    async Task<InstanceView> ViewAsync(string id) =>
        await Store.Queries.GetAsync(id, Cancel) ?? throw new InvalidOperationException($"{id} is not there");

    async Task<List<string>> IdsAsync(InstanceQuery query) =>
        [.. (await Store.Queries.QueryAsync(query, Cancel)).Items.Select(view => view.InstanceId).Order(StringComparer.Ordinal)];
}
