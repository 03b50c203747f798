using System.Text.Json;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine;
using Agents.Engine.Store;
using Agents.Replay;
using Agents.TestKit;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>What the simulator found, each as small as it gets.</summary>
public sealed class SimulatedFindTests
{
    static readonly CancellationToken s_none = CancellationToken.None;
    static readonly string s_key = new('a', 64);

    [Fact]
    public async Task A_generation_starts_although_what_was_left_over_stands_before_its_start()
    {
        await using var node = await StartAsync(
            "collect",
            async c =>
            {
                var got = c.RawInput + (await c.WaitForExternalEventRaw("item")).Input;
                if (got.Length < 3)
                {
                    c.ContinueAsNewRaw(got);
                }

                return got;
            },
            o => o with { InboxRowsPerTurn = 1 });
        var id = new InstanceId("c");
        await node.Client.StartAsync(
            new StartRequest { Id = id, Name = "collect", Input = "", ScheduledStart = DateTimeOffset.UnixEpoch }, s_none);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            node.Client.SendAsync(id, new InstanceMessage.Raise("item", $"{i}"), $"{i}", s_none)));

        Assert.Equal(3, (await node.EndAsync(id)).Output!.Length);
    }

    [Fact]
    public async Task A_run_in_the_place_of_another_has_effects_of_its_own_in_every_generation()
    {
        await using var node = await StartAsync("who", c =>
        {
            if (c.Generation == 0)
            {
                c.ContinueAsNewRaw(c.RunIdentity);
            }

            return Task.FromResult<string?>(c.RawInput + " " + c.RunIdentity);
        });
        var id = new InstanceId(await node.RunAsync("who", id: "one"));
        Assert.Equal("one one", (await node.EndAsync(id)).Output);
        Assert.True((await node.Client.RestartAsync(id, false, s_none)).Done);
        var identities = (await node.EndAsync(id)).Output!.Split(' ');

        Assert.NotEqual("one", identities[0]);
        Assert.Equal(identities[0], identities[1]);
    }

    [Fact]
    public async Task A_fork_does_not_write_over_the_entry_that_its_result_came_from()
    {
        await using var node = await EffectNodeAsync();
        node.Activities.Set("pay", (_, context, _) => Outcome(
            context.MayAct() ? new ActivityOutcome.Completed("paid") : new ActivityOutcome.NotStarted()));
        var id = new InstanceId(await node.RunAsync("effect", id: "parent"));
        await node.EndAsync(id);
        var cut = (await node.HistoryAsync(id)).ToList().FindLastIndex(e => e is OrchestratorStarted);
        Assert.True((await node.Client.ForkAsync(id, new InstanceId("child"), cut, null, s_none)).Done);

        Assert.Equal("paid", (await node.EndAsync("child")).Output);
        var entry = Assert.Single(await node.Client.ListEffectsAsync(id, false, s_none));
        Assert.Equal((LedgerState.Receipt, "paid"), (entry.State, entry.Receipt));
        Assert.Empty(await node.Client.ListEffectsAsync(new InstanceId("child"), false, s_none));
    }

    [Fact]
    public async Task A_run_that_ends_leaves_no_intent_of_what_never_began()
    {
        await using var node = await StartAsync("hasty", c =>
        {
            _ = c.CallActivityRawAsync("pay", null, Pay());
            return Task.FromResult<string?>("done");
        });
        var id = new InstanceId(await node.RunAsync("hasty"));

        Assert.Equal(("done", 0), ((await node.EndAsync(id)).Output, (await node.EndAsync(id)).InDoubt));
        Assert.Empty(await node.Client.ListEffectsAsync(id, false, s_none));
    }

    [Fact]
    public async Task A_fork_cut_where_the_run_was_suspended_says_that_it_is_suspended()
    {
        var release = new TaskCompletionSource<ActivityOutcome>();
        await using var node = await StartAsync("s", async c => (await c.CallActivityRawAsync("slow", null)).Value);
        var begun = new TaskCompletionSource();
        node.Activities.Set("slow", (_, _, _) =>
        {
            begun.TrySetResult();
            return release.Task;
        });
        var id = new InstanceId(await node.RunAsync("s"));
        await begun.Task;
        await node.Client.SendAsync(id, new InstanceMessage.Suspend(null), null, s_none);
        await StatusAsync(node, id, OrchestrationStatus.Suspended);
        release.SetResult(new ActivityOutcome.Completed("1"));
        await Patience.UntilAsync(async () => (await node.HistoryAsync(id)).Any(e => e is TaskCompleted));
        var cut = (await node.HistoryAsync(id)).ToList().FindLastIndex(e => e is OrchestratorStarted);
        Assert.True((await node.Client.ForkAsync(id, new InstanceId("fork"), cut, null, s_none)).Done);

        await StatusAsync(node, new InstanceId("fork"), OrchestrationStatus.Suspended);
    }

    [Fact]
    public async Task What_waited_for_its_turn_does_not_begin_in_a_suspended_run()
    {
        var started = new List<string?>();
        var release = new TaskCompletionSource<ActivityOutcome>();
        await using var node = await StartAsync(
            "two",
            async c => (await Task.WhenAll(c.CallActivityRawAsync("step", "1"), c.CallActivityRawAsync("step", "2")))[1].Value,
            o => o with { ActivitiesMax = 1 });
        var first = new TaskCompletionSource();
        node.Activities.Set("step", async (item, _, _) =>
        {
            lock (started)
            {
                started.Add(item.Input);
            }

            first.TrySetResult();
            return await release.Task;
        });
        var id = new InstanceId(await node.RunAsync("two"));
        await first.Task;
        await node.Client.SendAsync(id, new InstanceMessage.Suspend(null), null, s_none);
        await StatusAsync(node, id, OrchestrationStatus.Suspended);
        release.SetResult(new ActivityOutcome.Completed("ok"));
        await Patience.UntilAsync(async () => (await node.HistoryAsync(id)).Any(e => e is TaskCompleted));

        Assert.Single(started);
        await node.Client.SendAsync(id, new InstanceMessage.Resume(null), null, s_none);
        Assert.Equal("ok", (await node.EndAsync(id)).Output);
        Assert.Equal(2, started.Count);
    }

    [Fact]
    public async Task A_word_about_an_earlier_attempt_is_not_taken_for_one_about_a_later()
    {
        var attempts = 0;
        await using var node = await EffectNodeAsync();
        node.Activities.Set("pay", (_, context, _) =>
        {
            context.MayAct();
            attempts++;
            return Outcome(new ActivityOutcome.InDoubt("lost"));
        });
        var id = new InstanceId(await node.RunAsync("effect", id: "r"));
        var first = await InDoubtAsync(node, id, null);
        var verdict = new EffectResolution(s_key, EffectVerdict.DidNotHappen, null, "me", first.AttemptToken);
        await node.Client.SendAsync(id, new InstanceMessage.Resolve(verdict), null, s_none);
        await InDoubtAsync(node, id, first.AttemptToken);
        await node.Client.SendAsync(id, new InstanceMessage.Resolve(verdict), "the same, late", s_none);
        await node.Client.SendAsync(id, new InstanceMessage.Terminate("\"end\"", false), null, s_none);
        await node.EndAsync(id);

        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task Text_that_was_taken_back_keeps_its_letters_in_the_stream()
    {
        await using var node = await StartAsync(
            "talk", async c => (await c.CallActivityRawAsync("say", null)).Value,
            o => o with { DeltaTokens = 1, DeltaEvery = TimeSpan.Zero });
        node.Activities.Set("say", async (item, context, _) =>
        {
            async Task Shown(string kind, string text, int rows)
            {
                context.Publish(new StreamDelta(kind, text));
                await Patience.UntilAsync(async () => (await DeltasAsync(node, item.InstanceId)).Count >= rows);
            }

            await Shown("content", "no, much longer than what comes", 1);
            context.Publish(new StreamDelta("retract", "", 0));
            await Shown("content", "yes", 3);
            return new ActivityOutcome.Completed(JsonSerializer.Serialize(new { content = "yes" }));
        });
        var id = new InstanceId(await node.RunAsync("talk"));
        await node.EndAsync(id);
        var texts = new List<string>();
        await foreach (var item in node.Client.ReadStreamAsync(id, null, s_none))
        {
            if (item is StreamItem.Delta delta)
            {
                texts.Add(delta.Text);
            }
        }

        Assert.Equal(["no, much longer than what comes", "yes"], texts);
    }

    [Fact]
    public async Task Text_of_an_attempt_that_is_made_again_is_taken_back_and_keeps_its_letters()
    {
        await using var node = await StartAsync(
            "talk", async c => (await c.CallActivityRawAsync("say", null)).Value,
            o => o with { DeltaTokens = 1, DeltaEvery = TimeSpan.Zero });
        var attempts = 0;
        node.Activities.Set("say", async (item, context, _) =>
        {
            var first = attempts++ == 0;
            context.Publish(new StreamDelta("content", first ? "much longer than what comes" : "yes"));
            await Patience.UntilAsync(async () => (await DeltasAsync(node, item.InstanceId)).Count >= (first ? 1 : 3));
            return first
                ? new ActivityOutcome.NotStarted()
                : new ActivityOutcome.Completed(JsonSerializer.Serialize(new { content = "yes, gladly" }));
        });
        var id = new InstanceId(await node.RunAsync("talk"));
        await node.EndAsync(id);
        var told = new List<string>();
        await foreach (var item in node.Client.ReadStreamAsync(id, null, s_none))
        {
            told.AddRange(item switch
            {
                StreamItem.Delta delta => [delta.Text],
                StreamItem.Retract => ["(taken back)"],
                StreamItem.Event { Shown: { } shown } => [$"{shown["content"]} characters are known"],
                _ => Array.Empty<string>(),
            });
        }

        Assert.Equal(["much longer than what comes", "(taken back)", "yes", "3 characters are known"], told);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_outcome_reaches_the_next_owner_while_it_still_asks_what_became_of_the_attempt(bool acts)
    {
        var release = new TaskCompletionSource();
        var (begun, asked) = (new TaskCompletionSource(), new TaskCompletionSource());
        var attempts = 0;
        await using var node = await EffectNodeAsync(o => o with { SweepEvery = TimeSpan.FromMilliseconds(20) });
        node.Activities.Set("pay", async (item, context, cancel) =>
        {
            if (item.Mode == ActivityMode.Reconcile)
            {
                // Knows nothing until it is told to stop asking.
                asked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
            }

            if (attempts++ == 0)
            {
                Assert.True(!acts || context.MayAct());
                begun.SetResult();
                await release.Task;
            }

            return acts || context.MayAct() ? new ActivityOutcome.Completed("paid") : new ActivityOutcome.NotStarted();
        });
        var id = new InstanceId(await node.RunAsync("effect", id: "r"));
        await begun.Task;
        await LoseAsync(node, id);
        await asked.Task;
        release.SetResult();

        Assert.Equal("paid", (await node.EndAsync(id)).Output);
        var entry = Assert.Single(await node.Client.ListEffectsAsync(id, false, s_none));
        Assert.Equal((LedgerState.Receipt, "paid", acts ? 1 : 2), (entry.State, entry.Receipt, attempts));
    }

    /// <summary>Another node takes the instance and dies: the owner finds out by itself.</summary>
    static async Task LoseAsync(TestNode node, InstanceId id)
    {
        var row = (await node.Store.Queries.FindAsync(id, s_none))!;
        var claim = new InstanceClaim(row.Key, row.OwnerEpoch, "another", TimeProvider.System.GetUtcNow());
        Assert.NotNull(Assert.IsType<WriteOutcome.Claimed>(
            Assert.Single(await node.Store.Writes.WriteAsync([claim], s_none))).Instance);
    }

    static async Task<IReadOnlyList<StoredDelta>> DeltasAsync(TestNode node, InstanceId id) =>
        await node.Store.Owner.ReadDeltasAsync(
            (await node.Store.Queries.FindAsync(id, s_none))!.Key, 0, -1, 0, 9, s_none);

    static async Task<LedgerEntry> InDoubtAsync(TestNode node, InstanceId id, string? butNot)
    {
        LedgerEntry? entry = null;
        await Patience.UntilAsync(async () =>
        {
            entry = (await node.Client.ListEffectsAsync(id, true, s_none)).FirstOrDefault(e => e.AttemptToken != butNot);
            return entry is not null;
        });
        return entry!;
    }

    static Task StatusAsync(TestNode node, InstanceId id, OrchestrationStatus status) =>
        Patience.UntilAsync(async () => (await node.Client.GetAsync(id, false, s_none))!.Status == status);

    static TaskOptions Pay() => new() { Effect = new EffectIntent(EffectClass.AtMostOnce, s_key, "pay") };

    static Task<ActivityOutcome> Outcome(ActivityOutcome outcome) => Task.FromResult(outcome);

    static Task<TestNode> EffectNodeAsync(Func<EngineOptions, EngineOptions>? configure = null) =>
        StartAsync("effect", async c => (await c.CallActivityRawAsync("pay", null, Pay())).Value, configure);

    static Task<TestNode> StartAsync(string name, Orchestrator code, Func<EngineOptions, EngineOptions>? configure = null) =>
        TestNode.StartAsync(new Dictionary<string, Orchestrator> { [name] = code }, configure: configure);
}
