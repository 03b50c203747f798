using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.TestKit;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>AtMostOnce effects through the real node: intent, receipt, doubt, and who decides.</summary>
public sealed class EffectTests
{
    static readonly CancellationToken s_none = CancellationToken.None;
    static readonly string s_key = new('a', 64);
    static readonly InstanceId s_id = new("run");

    [Fact]
    public async Task An_effect_that_ends_well_leaves_one_receipt()
    {
        await using var node = await StartAsync();
        node.Activities.Set("pay", (_, context, _) =>
        {
            Assert.True(context.MayAct());
            return Outcome(new ActivityOutcome.Completed("paid"));
        });
        await node.RunAsync("effect", id: s_id);
        Assert.Equal("paid", (await node.EndAsync(s_id)).Output);

        var entry = Assert.Single(await node.Client.ListEffectsAsync(s_id, false, s_none));
        Assert.Equal((LedgerState.Receipt, "paid", "pay"), (entry.State, entry.Receipt, entry.Tool));
    }

    [Fact]
    public async Task A_crash_in_the_middle_asks_the_probe_and_takes_its_receipt()
    {
        var acted = new TaskCompletionSource();
        var modes = new List<ActivityMode>();
        await using var node = await StartAsync();
        node.Activities.Set("pay", async (item, context, _) =>
        {
            lock (modes)
            {
                modes.Add(item.Mode);
            }

            if (item.Mode == ActivityMode.Reconcile)
            {
                Assert.True(item.PredecessorGone);
                return new ActivityOutcome.Completed("found", "the recorder has it");
            }

            Assert.True(context.MayAct());
            acted.SetResult();
            await new TaskCompletionSource().Task;
            return new ActivityOutcome.NotStarted();
        });
        await node.RunAsync("effect", id: s_id);
        await acted.Task;
        await node.CrashAsync();

        Assert.Equal("found", (await node.EndAsync(s_id)).Output);
        Assert.Equal([ActivityMode.Execute, ActivityMode.Reconcile], modes);
    }

    [Fact]
    public async Task A_probe_that_proves_absence_leads_to_a_new_attempt_with_a_new_token_and_the_same_key()
    {
        var acted = new TaskCompletionSource();
        var items = new List<ActivityWorkItem>();
        await using var node = await StartAsync();
        node.Activities.Set("pay", async (item, _, _) =>
        {
            lock (items)
            {
                items.Add(item);
            }

            if (item.Mode == ActivityMode.Reconcile)
            {
                return new ActivityOutcome.Absent("no such payment");
            }

            if (acted.TrySetResult())
            {
                await new TaskCompletionSource().Task;
            }

            return new ActivityOutcome.Completed("second");
        });
        await node.RunAsync("effect", id: s_id);
        await acted.Task;
        await node.CrashAsync();

        Assert.Equal("second", (await node.EndAsync(s_id)).Output);
        Assert.Equal([ActivityMode.Execute, ActivityMode.Reconcile, ActivityMode.Execute], items.Select(i => i.Mode));
        Assert.Equal(items[0].AttemptToken, items[1].AttemptToken);
        Assert.NotEqual(items[0].AttemptToken, items[2].AttemptToken);
        Assert.All(items, i => Assert.Equal(s_key, i.Effect!.Key));
    }

    [Theory]
    [InlineData(EffectVerdict.Happened, "told", "told")]
    [InlineData(EffectVerdict.GiveUp, "skip it", "skip it")]
    [InlineData(EffectVerdict.DidNotHappen, null, "again")]
    public async Task Nobody_can_tell_so_the_run_waits_for_a_person(EffectVerdict verdict, string? result, string output)
    {
        var attempts = 0;
        await using var node = await StartAsync();
        node.Activities.Set("pay", (_, context, _) =>
        {
            Assert.True(context.MayAct());
            return Interlocked.Increment(ref attempts) == 1
                ? throw new IOException("the line went dead")
                : Outcome(new ActivityOutcome.Completed("again"));
        });
        await node.RunAsync("effect", id: s_id);
        await InDoubtAsync(node);
        await node.CrashAsync();
        Assert.Single(await node.Client.ListEffectsAsync(s_id, true, s_none));
        Assert.Equal(1, (await node.Client.GetAsync(s_id, false, s_none))!.InDoubt);

        var resolution = new EffectResolution(s_key, verdict, result, "operator");
        await node.Client.SendAsync(s_id, new InstanceMessage.Resolve(resolution), null, s_none);

        Assert.Equal(output, (await node.EndAsync(s_id)).Output);
        Assert.Equal(verdict == EffectVerdict.DidNotHappen ? 2 : 1, attempts);
        Assert.Equal(0, (await node.Client.GetAsync(s_id, false, s_none))!.InDoubt);
    }

    [Fact]
    public async Task A_receipt_that_comes_after_the_end_is_kept_as_evidence()
    {
        var acted = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var node = await StartAsync();
        node.Activities.Set("pay", async (_, context, _) =>
        {
            Assert.True(context.MayAct());
            acted.SetResult();
            await answer.Task;
            return new ActivityOutcome.Completed("late");
        });
        await node.RunAsync("effect", id: s_id);
        await acted.Task;
        await node.Client.SendAsync(s_id, new InstanceMessage.Terminate(null, false), null, s_none);
        Assert.Equal(1, (await node.EndAsync(s_id)).InDoubt);
        Assert.NotNull((await node.Client.PurgeAsync(s_id, false, force: false, s_none)).Refusal);
        answer.SetResult();

        await Patience.UntilAsync(async () =>
            (await node.Client.ListEffectsAsync(s_id, false, s_none))[0].State == LedgerState.Receipt);

        Assert.Equal(0, (await node.Client.GetAsync(s_id, false, s_none))!.InDoubt);
        Assert.DoesNotContain(await node.HistoryAsync(s_id), e => e is Agents.Contracts.History.TaskCompleted);
    }

    [Fact]
    public async Task An_attempt_that_may_not_act_any_more_is_made_again()
    {
        var tokens = new List<string>();
        await using var node = await StartAsync();
        node.Activities.Set("pay", (item, _, _) =>
        {
            tokens.Add(item.AttemptToken);
            return Outcome(tokens.Count == 1 ? new ActivityOutcome.NotStarted() : new ActivityOutcome.Completed("ok"));
        });
        await node.RunAsync("effect", id: s_id);

        Assert.Equal("ok", (await node.EndAsync(s_id)).Output);
        Assert.Equal(2, tokens.Distinct().Count());
    }

    [Fact]
    public async Task A_host_that_stops_lets_an_effect_that_has_begun_end()
    {
        var acted = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var node = await StartAsync();
        node.Activities.Set("pay", async (_, context, cancel) =>
        {
            Assert.True(context.MayAct());
            acted.SetResult();
            await answer.Task.WaitAsync(cancel);
            return new ActivityOutcome.Completed("paid");
        });
        await node.RunAsync("effect", id: s_id);
        await acted.Task;
        var stopping = node.Node.StopAsync(Patience.Most);
        answer.SetResult();
        await stopping;

        Assert.Equal(LedgerState.Receipt, Assert.Single(await node.Client.ListEffectsAsync(s_id, false, s_none)).State);
    }

    [Fact]
    public async Task A_run_suspended_before_its_effect_began_is_not_in_doubt_after_a_crash()
    {
        var modes = new List<ActivityMode>();
        await using var node = await TestNode.StartAsync(new Dictionary<string, Orchestrator>
        {
            ["effect"] = async c =>
            {
                await c.WaitForExternalEventRaw("go");
                return (await c.CallActivityRawAsync("pay", null, new TaskOptions
                {
                    Effect = new EffectIntent(EffectClass.AtMostOnce, s_key, "pay"),
                })).Value;
            },
        });
        node.Activities.Set("pay", (item, _, _) =>
        {
            modes.Add(item.Mode);
            return Outcome(new ActivityOutcome.Completed("paid"));
        });
        await node.RunAsync("effect", id: s_id);

        // Sent while nobody runs it, both messages are there when the next owner looks: no attempt can come between.
        await node.Node.StopAsync(Patience.Most);
        await node.Client.SendAsync(s_id, new InstanceMessage.Raise("go", null), null, s_none);
        await node.Client.SendAsync(s_id, new InstanceMessage.Suspend(null), null, s_none);
        await node.CrashAsync();
        await EngineNodeTests.EventAsync(node, s_id, e => e is Agents.Contracts.History.ExecutionSuspended);
        await node.CrashAsync();
        await node.Client.SendAsync(s_id, new InstanceMessage.Resume(null), null, s_none);

        Assert.Equal("paid", (await node.EndAsync(s_id)).Output);
        Assert.Equal([ActivityMode.Execute], modes);
    }

    static Task InDoubtAsync(TestNode node) => Patience.UntilAsync(
        async () => (await node.Client.ListEffectsAsync(s_id, true, s_none)).Count > 0);

    static Task<ActivityOutcome> Outcome(ActivityOutcome outcome) => Task.FromResult(outcome);

    static Task<TestNode> StartAsync() => TestNode.StartAsync(new Dictionary<string, Orchestrator>
    {
        ["effect"] = async c => (await c.CallActivityRawAsync("pay", "10", new TaskOptions
        {
            Effect = new EffectIntent(EffectClass.AtMostOnce, s_key, "pay"),
        })).Value,
    });
}
