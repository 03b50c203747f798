using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Retention;
using Agents.Replay;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>Ended runs go when their time is over, with their children; what somebody still needs stays.</summary>
public sealed class RetentionTests
{
    static readonly CancellationToken s_none = CancellationToken.None;
    static readonly RetentionPolicy s_nothingIsKept = new()
    {
        Completed = TimeSpan.Zero, Failed = TimeSpan.Zero, Terminated = TimeSpan.Zero,
    };

    [Fact]
    public async Task Only_ended_runs_of_a_status_whose_time_is_over_go()
    {
        await using var node = await StartAsync();
        await node.EndAsync(await node.RunAsync("ends", id: "done"));
        await node.EndAsync(await node.RunAsync("fails", id: "failed"));
        await node.RunAsync("waits", id: "open");

        Assert.Empty((await node.Client.RetainAsync(new RetentionPolicy(), true, 100, s_none)).Items);
        Assert.Empty((await node.Client.RetainAsync(
            new RetentionPolicy { Completed = TimeSpan.FromHours(1), Failed = TimeSpan.FromHours(1) }, true, 100, s_none)).Items);
        var gone = await node.Client.RetainAsync(new RetentionPolicy { Failed = TimeSpan.Zero }, true, 100, s_none);
        Assert.Equal(("failed", 1, false), (Assert.Single(gone.Items).InstanceId, gone.Instances, gone.More));
        Assert.Equal(["done", "open"], await IdsAsync(node));
    }

    [Fact]
    public async Task A_dry_run_says_the_same_and_removes_nothing()
    {
        await using var node = await StartAsync();
        await node.EndAsync(await node.RunAsync("parent", id: "family"));
        await node.EndAsync(await node.RunAsync("ends", id: "done"));
        var said = await node.Client.RetainAsync(s_nothingIsKept, remove: false, 100, s_none);
        Assert.Equal(3, (await IdsAsync(node)).Count);
        var done = await node.Client.RetainAsync(s_nothingIsKept, remove: true, 100, s_none);
        Assert.Equal(said.Items.Select(i => (i.InstanceId, i.Instances, i.Kept)), done.Items.Select(i => (i.InstanceId, i.Instances, i.Kept)));
        Assert.Equal((3, 0), (said.Instances, (await IdsAsync(node)).Count));
        Assert.Empty(await node.Client.VerifyStoreAsync(s_none));
    }

    [Fact]
    public async Task A_child_is_judged_with_its_parent()
    {
        await using var node = await StartAsync();
        await node.RunAsync("parent then waits", id: "open");
        await UntilAsync(async () => (await node.Client.GetAsync(new InstanceId("kid of open"), false, s_none))?.Status.IsTerminal() == true);
        Assert.Empty((await node.Client.RetainAsync(s_nothingIsKept, true, 100, s_none)).Items);
        Assert.Equal(["kid of open", "open"], await IdsAsync(node));
    }

    [Fact]
    public async Task History_that_a_kept_fork_needs_stays_until_the_fork_goes()
    {
        await using var node = await StartAsync();
        var id = new InstanceId(await node.RunAsync("ends", id: "original"));
        await node.EndAsync(id);
        await node.RunAsync("waits", id: "other");
        var cut = (await node.HistoryAsync(id)).ToList().FindLastIndex(e => e is OrchestratorStarted);
        Assert.True((await node.Client.ForkAsync(id, new InstanceId("branch"), cut, null, s_none)).Done);
        await node.EndAsync("branch");

        var first = await node.Client.RetainAsync(s_nothingIsKept, true, 1, s_none);
        Assert.Equal(("original", true), (Assert.Single(first.Items).InstanceId, first.More));
        Assert.Equal(["branch"], first.Items[0].HistoryFor);
        Assert.Equal("2", (await node.Client.GetAsync(new InstanceId("branch"), true, s_none))!.Output);
        Assert.NotEmpty(await node.HistoryAsync("branch"));
        Assert.Empty(await node.Client.VerifyStoreAsync(s_none));
        await node.Client.RetainAsync(s_nothingIsKept, true, 100, s_none);
        Assert.Equal(["other"], await IdsAsync(node));
        Assert.Empty(await node.Client.VerifyStoreAsync(s_none));
    }

    [Fact]
    public async Task A_node_removes_by_itself_in_batches()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var node = await StartAsync(clock, o => o with
        {
            Retention = new RetentionPolicy { Completed = TimeSpan.FromHours(1) }, RetentionRunsMax = 2,
        });
        for (var i = 0; i < 5; i++)
        {
            await node.EndAsync(await node.RunAsync("ends", id: $"done {i}"));
        }

        clock.Advance(TimeSpan.FromMinutes(30));
        await node.EndAsync(await node.RunAsync("ends", id: "young"));
        clock.Advance(TimeSpan.FromMinutes(45));
        await UntilAsync(async () =>
        {
            clock.Advance(TimeSpan.FromMilliseconds(250));   // the next sweep is due when the last one has ended
            return (await IdsAsync(node)).Count == 1;
        });
        Assert.Equal(["young"], await IdsAsync(node));
    }

    static Task<TestNode> StartAsync(TimeProvider? clock = null, Func<Agents.Engine.EngineOptions, Agents.Engine.EngineOptions>? configure = null) =>
        TestNode.StartAsync(
            new Dictionary<string, Orchestrator>
            {
                ["ends"] = async c => (await c.CallActivityRawAsync("add", "1")).Value,
                ["fails"] = _ => throw new InvalidOperationException("as asked"),
                ["waits"] = async c => (await c.WaitForExternalEventRaw("never")).Input,
                ["parent"] = async c => await Child(c),
                ["parent then waits"] = async c =>
                {
                    await Child(c);
                    return (await c.WaitForExternalEventRaw("never")).Input;
                },
            },
            a => a.Set("add", input => $"{int.Parse(input!) + 1}"), clock, configure);

    static async Task<string?> Child(OrchestrationContext c) => await c.CallSubOrchestratorRawAsync(
        "ends", null, new SubOrchestrationOptions { InstanceId = $"kid of {c.InstanceId}" });

    static async Task<IReadOnlyList<string>> IdsAsync(TestNode node) =>
        [.. (await node.Client.QueryAsync(new InstanceQuery { PageSize = 1000 }, s_none)).Items.Select(i => i.InstanceId).Order(StringComparer.Ordinal)];

    static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "not so within a minute");
            await Task.Yield();
        }
    }
}
