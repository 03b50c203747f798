using System.Collections.Concurrent;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Nodes;
using Agents.Engine.Store;
using Agents.Replay;
using Agents.TestKit;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Cluster;

/// <summary>
/// A membership that is wrong on purpose: in every step it lets the other node claim an instance whose owner lives. Two
/// owners of one instance are at work at the same time, again and again; the store lets one of them write.
/// </summary>
public sealed class TwoOwnersTests
{
    const int Steps = 12;

    readonly ConcurrentQueue<(string Key, int Node)> _acted = new();
    readonly ConcurrentDictionary<string, string> _receipts = new();
    readonly List<TestMember> _members = [];
    readonly ConcurrentDictionary<string, bool> _stolenAt = new();
    IEngineStore? _store;

    static Dictionary<string, Orchestrator> Code => new()
    {
        ["walk"] = async c =>
        {
            for (var i = 0; i < Steps; i++)
            {
                var key = $"{i:x}".PadLeft(64, '0');
                await c.CallActivityRawAsync("step", $"{i}", new TaskOptions
                {
                    Effect = new EffectIntent(i % 2 == 0 ? EffectClass.Idempotent : EffectClass.AtMostOnce, key, "step"),
                });
            }

            return "walked";
        },
    };

    [Fact]
    public async Task Two_owners_at_once_double_nothing()
    {
        await using var cluster = await TestCluster.StartAsync(0, Code, Prepare);
        _store = cluster.Store;
        await cluster.JoinAsync(new Greedy("node0"));
        await cluster.JoinAsync(new Greedy("node1"));
        (((Greedy)cluster[0].Membership).Other, ((Greedy)cluster[1].Membership).Other) = (cluster[1].Node, cluster[0].Node);
        await cluster[0].StartRunAsync("walk", "run");
        var end = await EndAsync(cluster);

        Assert.Equal((OrchestrationStatus.Completed, "walked"), (end.Status, end.Output));
        Assert.InRange(await EpochAsync(CancellationToken.None), Steps + 1, int.MaxValue);
        var events = await cluster[0].Client.ReadAsync(new InstanceId("run"), 0, 0, int.MaxValue, CancellationToken.None);
        Assert.Equal(Steps, events.Count(e => e.Event is TaskScheduled));
        Assert.Equal(Steps, events.Count(e => e.Event is TaskCompleted));
        Assert.Equal(Enumerable.Range(0, events.Count).Select(n => (long)n), events.Select(e => e.Sequence));
        var once = _acted.Where(a => Convert.ToInt32(a.Key, 16) % 2 == 1).GroupBy(a => a.Key).ToList();
        Assert.Equal(Steps / 2, once.Count);
        Assert.All(once, key => Assert.Single(key));
        Assert.Empty(await cluster.Store.Admin.VerifyAsync(CancellationToken.None));
    }

    void Prepare(TestMember member)
    {
        _members.Add(member);
        member.Activities.Set("step", async (item, context, _) =>
        {
            var key = item.Effect!.Key;
            if (item.Mode == ActivityMode.Reconcile)
            {
                return _receipts.TryGetValue(key, out var receipt)
                    ? new ActivityOutcome.Completed(receipt, "the world has it")
                    : new ActivityOutcome.InDoubt("nobody can tell yet");
            }

            if (item.Effect.Class == EffectClass.AtMostOnce && !context.MayAct())
            {
                return new ActivityOutcome.NotStarted();
            }

            _acted.Enqueue((key, member.Number));
            _receipts[key] = item.Input!;
            await StealAsync(member, item);
            return new ActivityOutcome.Completed(item.Input);
        });
    }

    /// <summary>
    /// While the first attempt of a step runs, the other node claims the instance: from here on there are two owners. A
    /// message makes it look, and if it still holds itself for the owner from an earlier theft, its commit tells it better.
    /// </summary>
    async Task StealAsync(TestMember from, ActivityWorkItem item)
    {
        if (!_stolenAt.TryAdd(item.Effect!.Key, true))
        {
            return;
        }

        var before = await EpochAsync(CancellationToken.None);
        var thief = _members[1 - from.Number];
        ((Greedy)thief.Membership).MayRob();
        await thief.RaiseAsync(item.InstanceId, "look");
        await Patience.UntilAsync(async () => await EpochAsync(CancellationToken.None) != before);
    }

    async Task<long> EpochAsync(CancellationToken cancel) => (await _store!.Queries.FindAsync("run", cancel))!.OwnerEpoch;

    static async Task<InstanceView> EndAsync(TestCluster cluster)
    {
        var (one, other) = (cluster[0].EndAsync("run"), cluster[1].EndAsync("run"));
        return await await Task.WhenAny(one, other);
    }

    sealed class Greedy(string id) : IMembership, ICommitNews
    {
        int _mayRob;

        public IMember? Other { get; set; }

        /// <summary>The next claim of what the other owns, who lives, is granted.</summary>
        public void MayRob() => _mayRob = 1;

        public IReadOnlyCollection<string> Live { get; } = [id, "node0", "node1"];

        public ICommitNews News => this;

        public Task JoinAsync(IMember node, CancellationToken cancel) => Task.CompletedTask;

        public ValueTask<bool> MayClaimAsync(string instanceId, string? owner, CancellationToken cancel)
        {
            if (owner is null || owner == id || Interlocked.Exchange(ref _mayRob, 0) == 1)
            {
                return new(true);
            }

            Other!.Wake(instanceId);
            return new(false);
        }

        public void Released(string instanceId, bool handedOn)
        {
            // Whoever wakes it claims it.
        }

        public Task RetireAsync(CancellationToken cancel) => Task.CompletedTask;

        public Task LeaveAsync(CancellationToken cancel) => Task.CompletedTask;

        public ValueTask<TimeSpan?> ListenAsync(string instanceId, CancellationToken cancel) => new(TimeSpan.FromMilliseconds(50));

        public void Committed(string instanceId)
        {
            // Readers look again by themselves.
        }

        public void Released(string instanceId)
        {
            // Readers look again by themselves.
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
