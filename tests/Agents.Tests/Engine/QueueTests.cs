using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Store;
using Agents.Replay;
using Agents.TestKit;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>Queues of activities on real nodes: never more at once than the bound, and nothing lost or doubled by waiting.</summary>
public sealed class QueueTests
{
    static readonly Dictionary<string, string> s_narrow = new() { ["queue"] = "narrow" };

    readonly Lock _gate = new();
    readonly List<string> _begun = [];
    int _atOnce, _most;
    TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Never_more_run_at_once_than_the_bound_and_all_are_done()
    {
        await using var node = await NodeAsync(Plain(s_narrow));
        await node.Client.SetQueueAsync(new QueueLimit("narrow") { Concurrency = 3 }, Cancel);
        var ids = await StartAsync(node, 20);
        await BegunAsync(3);
        await WaitAsync(async () => (await node.Client.ListQueuesAsync(Cancel))[0] is { Held: 3, Waiting: 17 });
        _open.SetResult();
        await EndAsync(node, ids);

        Assert.Equal((20, 3), (_begun.Count, _most));
        await WaitAsync(async () => (await node.Client.ListQueuesAsync(Cancel))[0] is { Held: 0, Waiting: 0 });
    }

    [Fact]
    public async Task Activities_that_name_no_queue_share_the_hubs_own()
    {
        await using var node = await NodeAsync(Plain(null));
        await node.Client.SetQueueAsync(new QueueLimit("default") { Concurrency = 2 }, Cancel);
        var ids = await StartAsync(node, 8);
        await BegunAsync(2);
        _open.SetResult();
        await EndAsync(node, ids);
        Assert.Equal((8, 2), (_begun.Count, _most));
    }

    /// <summary>The intent comes with the place, so that its deadline cannot run out in the line.</summary>
    [Fact]
    public async Task An_effect_that_waits_longer_than_its_start_deadline_happens_once()
    {
        await using var node = await NodeAsync(
            Plain(s_narrow, once: true), o => o with { StartDeadline = TimeSpan.FromMilliseconds(300) });
        await node.Client.SetQueueAsync(new QueueLimit("narrow") { Concurrency = 1 }, Cancel);
        var ids = await StartAsync(node, 4);
        await BegunAsync(1);
        await Task.Delay(TimeSpan.FromMilliseconds(600), Cancel);   // not a wait for readiness: the deadline itself must pass
        Assert.Single(_begun);
        _open.SetResult();
        await EndAsync(node, ids);
        Assert.Equal(4, _begun.Distinct().Count());
        Assert.Equal((4, 1), (_begun.Count, _most));
    }

    [Fact]
    public async Task A_suspended_run_leaves_the_line_and_comes_again()
    {
        await using var node = await NodeAsync(Plain(s_narrow));
        await node.Client.SetQueueAsync(new QueueLimit("narrow") { Concurrency = 1 }, Cancel);
        var first = await StartAsync(node, 1);
        await BegunAsync(1);
        var rests = await StartAsync(node, 1, "rests");
        await WaitAsync(async () => (await node.Client.ListQueuesAsync(Cancel))[0].Waiting == 1);
        await node.Client.SendAsync(new InstanceId(rests[0]), new InstanceMessage.Suspend("a while"), null, Cancel);
        await WaitAsync(async () => (await node.Client.ListQueuesAsync(Cancel))[0].Waiting == 0);
        _open.SetResult();
        await EndAsync(node, first);
        var behind = await StartAsync(node, 1, "behind");
        await EndAsync(node, behind);
        Assert.DoesNotContain(_begun, run => run == rests[0]);
        await node.Client.SendAsync(new InstanceId(rests[0]), new InstanceMessage.Resume("enough"), null, Cancel);
        await EndAsync(node, rests);
    }

    [Fact]
    public async Task What_a_crashed_node_held_is_free_once_its_runs_are_claimed()
    {
        await using var node = await NodeAsync(Plain(s_narrow));
        await node.Client.SetQueueAsync(new QueueLimit("narrow") { Concurrency = 2 }, Cancel);
        var ids = await StartAsync(node, 6);
        await BegunAsync(2);
        await node.CrashAsync();
        await BegunAsync(4);
        _open.SetResult();
        await EndAsync(node, ids);
        Assert.Equal(6, _begun.Distinct().Count());
    }

    [Fact]
    public async Task A_place_given_back_on_one_node_lets_in_a_run_of_another()
    {
        await using var cluster = await TestCluster.StartAsync(2, Code(Plain(s_narrow)), member => member.Activities.Set("act", ActAsync));
        await cluster[0].Client.SetQueueAsync(new QueueLimit("narrow") { Concurrency = 2 }, Cancel);
        var ids = Enumerable.Range(0, 16).Select(i => $"run{i}").ToList();
        foreach (var id in ids)
        {
            await cluster[0].StartRunAsync("run", id);
        }

        await BegunAsync(2);
        _open.SetResult();
        foreach (var id in ids)
        {
            await cluster[0].EndAsync(id);
        }

        Assert.Equal((16, 2), (_begun.Count, _most));
    }

    Orchestrator Plain(Dictionary<string, string>? tags, bool once = false) => async c =>
    {
        var effect = once ? new EffectIntent(EffectClass.AtMostOnce, "key of " + c.InstanceId, "act") : null;
        await c.CallActivityRawAsync("act", c.InstanceId, new TaskOptions { Tags = tags, Effect = effect });
        return "done";
    };

    static Dictionary<string, Orchestrator> Code(Orchestrator code) => new() { ["run"] = code };

    Task<TestNode> NodeAsync(Orchestrator code, Func<Agents.Engine.EngineOptions, Agents.Engine.EngineOptions>? configure = null) =>
        TestNode.StartAsync(Code(code), a => a.Set("act", ActAsync), configure: configure);

    async Task<ActivityOutcome> ActAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel)
    {
        if (item.Effect is not null && !context.MayAct())
        {
            return new ActivityOutcome.NotStarted();
        }

        lock (_gate)
        {
            _begun.Add(item.InstanceId);
            _most = Math.Max(_most, ++_atOnce);
            _changed.SetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await _open.Task;
        lock (_gate)
        {
            _atOnce--;
        }

        return new ActivityOutcome.Completed(null);
    }

    static async Task<List<string>> StartAsync(TestNode node, int count, string name = "run")
    {
        var ids = new List<string>();
        for (var i = 0; i < count; i++)
        {
            ids.Add(await node.RunAsync("run", id: $"{name}{i}"));
        }

        return ids;
    }

    static async Task EndAsync(TestNode node, List<string> ids)
    {
        foreach (var id in ids)
        {
            Assert.Equal(OrchestrationStatus.Completed, (await node.EndAsync(id)).Status);
        }
    }

    async Task BegunAsync(int count)
    {
        using var limit = Patience.Begin();
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_begun.Count >= count)
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(limit.Token);
        }
    }

    static async Task WaitAsync(Func<Task<bool>> holds)
    {
        using var limit = Patience.Begin();
        while (!await holds())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
