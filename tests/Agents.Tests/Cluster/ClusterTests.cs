using System.Collections.Concurrent;
using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.TestKit;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Cluster;

/// <summary>Nodes that share a store, with real silos. Sweeps are minutes apart: what happens here happens by hints.</summary>
public sealed class ClusterTests
{
    readonly ConcurrentDictionary<string, int> _ranAt = new();
    readonly ConcurrentQueue<(string Run, int Node)> _steps = new();
    TaskCompletionSource<int> _newcomer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static Dictionary<string, Orchestrator> Code => new()
    {
        ["wait"] = async c =>
        {
            await c.CallActivityRawAsync("note", c.InstanceId);
            return (await c.WaitForExternalEventRaw("go")).Input;
        },
        ["steps"] = async c =>
        {
            for (var i = 0; i < 400; i++)
            {
                var more = await c.CallActivityRawAsync("step", c.InstanceId);
                if (more.Value == "enough")
                {
                    return $"{i}";
                }
            }

            return "400";
        },
    };

    [Fact]
    public async Task Runs_are_spread_and_each_node_knows_the_others()
    {
        await using var cluster = await TestCluster.StartAsync(2, Code, Prepare);
        Assert.Equal(2, cluster[0].Membership.Live.Count);
        Assert.Equal(2, cluster[1].Membership.Live.Count);
        var ids = await StartWaitingAsync(cluster[0], 30);

        Assert.Equal([0, 1], _ranAt.Values.Distinct().Order());
        Assert.InRange(_ranAt.Values.Count(node => node == 1), 8, 22);
        foreach (var id in ids)
        {
            await cluster[0].RaiseAsync(id, "go", id);
        }

        foreach (var id in ids)
        {
            Assert.Equal(id, (await cluster[0].EndAsync(id)).Output);
        }

        Assert.Empty(await cluster.Store.Admin.VerifyAsync(Cancel));
    }

    [Fact]
    public async Task What_is_said_and_read_on_one_node_reaches_a_run_on_another()
    {
        await using var cluster = await TestCluster.StartAsync(2, Code, Prepare);
        var ids = await StartWaitingAsync(cluster[0], 30);
        var there = ids.First(id => _ranAt[id] == 1);
        var seen = new List<HistoryEvent>();
        var told = false;
        using var limit = Patience.Begin();
        await foreach (var item in cluster[0].Client.ReadStreamAsync(new InstanceId(there), null, limit.Token))
        {
            if (item is StreamItem.Event e)
            {
                seen.Add(e.History);
            }

            if (!told && seen.OfType<TaskCompleted>().Any())
            {
                told = true;
                await cluster[0].RaiseAsync(there, "go", "over");
            }
        }

        Assert.Equal("over", (await cluster[0].EndAsync(there)).Output);
        Assert.Single(seen.OfType<EventRaised>());

        var cancelled = ids.First(id => id != there && _ranAt[id] == 1);
        await cluster[0].Client.SendAsync(new InstanceId(cancelled), new InstanceMessage.Terminate("\"enough\"", false), null, Cancel);
        Assert.Equal(OrchestrationStatus.Terminated, (await cluster[0].EndAsync(cancelled)).Status);
        Assert.Equal(2, (await cluster.Store.Queries.FindAsync(there, Cancel))!.OwnerEpoch + (await cluster.Store.Queries.FindAsync(cancelled, Cancel))!.OwnerEpoch);
    }

    [Fact]
    public async Task A_node_that_leaves_hands_its_runs_on_and_nothing_is_done_twice()
    {
        await using var cluster = await TestCluster.StartAsync(2, Code, Prepare);
        var ids = await StartStepsAsync(cluster[1], 20);
        await cluster[0].Node.StopAsync(Patience.Most);
        _newcomer.TrySetResult(0);

        foreach (var id in ids)
        {
            Assert.Equal(OrchestrationStatus.Completed, (await cluster[1].EndAsync(id)).Status);
        }

        Assert.Equal([0, 1], _steps.Select(s => s.Node).Distinct().Order());
        Assert.Empty(await cluster.Store.Admin.VerifyAsync(Cancel));
        Assert.Single(cluster[1].Membership.Live);
    }

    [Fact]
    public async Task A_node_that_comes_gets_a_share_of_what_runs()
    {
        await using var cluster = await TestCluster.StartAsync(1, Code, Prepare);
        var ids = await StartStepsAsync(cluster[0], 40);
        var came = await cluster.JoinAsync();
        await _newcomer.Task.WaitAsync(Patience.Most, Cancel);

        foreach (var id in ids)
        {
            Assert.Equal(OrchestrationStatus.Completed, (await cluster[0].EndAsync(id)).Status);
        }

        Assert.Contains(_steps, s => s.Node == came.Number);
        foreach (var id in ids)
        {
            // One result for each step, and no attempt that was cut off: leaving waits for what runs.
            var events = await cluster[0].Client.ReadAsync(new InstanceId(id), 0, 0, int.MaxValue, Cancel);
            Assert.Equal(events.Count(e => e.Event is TaskCompleted), _steps.Count(s => s.Run == id));
        }
    }

    void Prepare(TestMember member)
    {
        member.Activities.Set("note", run =>
        {
            _ranAt[run!] = member.Number;
            return run;
        });
        member.Activities.Set("step", async (item, _, cancel) =>
        {
            _steps.Enqueue((item.Input!, member.Number));
            if (member.Number > 0)
            {
                _newcomer.TrySetResult(member.Number);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
            return new ActivityOutcome.Completed(_newcomer.Task.IsCompleted && _steps.Count > 400 ? "enough" : "more");
        });
    }

    async Task<List<string>> StartWaitingAsync(TestMember at, int count)
    {
        var ids = Enumerable.Range(0, count).Select(i => $"run{i}").ToList();
        foreach (var id in ids)
        {
            await at.StartRunAsync("wait", id);
            await EventAsync(at, id, e => e is TaskCompleted);
        }

        return ids;
    }

    static async Task<List<string>> StartStepsAsync(TestMember at, int count)
    {
        var ids = Enumerable.Range(0, count).Select(i => $"run{i}").ToList();
        foreach (var id in ids)
        {
            await at.StartRunAsync("steps", id);
        }

        foreach (var id in ids)
        {
            await EventAsync(at, id, e => e is TaskCompleted);
        }

        return ids;
    }

    static async Task EventAsync(TestMember at, string id, Func<HistoryEvent, bool> wanted)
    {
        using var limit = Patience.Begin();
        await foreach (var item in at.Client.ReadStreamAsync(new InstanceId(id), null, limit.Token))
        {
            if (item is StreamItem.Event e && wanted(e.History))
            {
                return;
            }
        }

        Assert.Fail("the run ended without that event");
    }
}
