using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.TestKit;
using Agents.TestKit.Nodes;
using Xunit;

namespace Agents.Tests.Engine;

/// <summary>The real node on the real embedded store: one promise a test.</summary>
public sealed class EngineNodeTests
{
    static readonly CancellationToken s_none = CancellationToken.None;
    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_sequence_runs_and_its_history_has_the_protocols_events()
    {
        await using var node = await StartAsync("seq", async c =>
        {
            var one = await c.CallActivityRawAsync("add", "1");
            return (await c.CallActivityRawAsync("add", one.Value)).Value;
        });
        var id = await node.RunAsync("seq");
        var end = await node.EndAsync(id);

        Assert.Equal((OrchestrationStatus.Completed, "3"), (end.Status, end.Output));
        Assert.Equal(
            [
                nameof(OrchestratorStarted), nameof(ExecutionStarted), nameof(TaskScheduled), nameof(OrchestratorStarted),
                nameof(TaskCompleted), nameof(TaskScheduled), nameof(OrchestratorStarted), nameof(TaskCompleted),
                nameof(ExecutionCompleted),
            ],
            (await node.HistoryAsync(id)).Select(e => e.GetType().Name));
        Assert.Empty(await node.Client.VerifyStoreAsync(s_none));
    }

    [Fact]
    public async Task A_fan_out_of_two_hundred_comes_back_whole()
    {
        await using var node = await StartAsync("fan", async c =>
        {
            var all = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => c.CallActivityRawAsync("add", $"{i}")));
            return all.Sum(r => int.Parse(r.Value!)).ToString();
        });

        Assert.Equal($"{Enumerable.Range(1, 200).Sum()}", (await node.EndAsync(await node.RunAsync("fan"))).Output);
    }

    [Fact]
    public async Task A_run_goes_on_where_it_was_after_a_crash_and_runs_only_the_open_activity_again()
    {
        var calls = new List<string?>();
        var held = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        await using var node = await StartAsync("three", async c =>
        {
            await c.CallActivityRawAsync("step", "1");
            await c.CallActivityRawAsync("step", "2");
            return (await c.CallActivityRawAsync("step", "3")).Value;
        });
        var crashed = false;
        node.Activities.Set("step", async (item, _, _) =>
        {
            lock (calls)
            {
                calls.Add(item.Input);
            }

            if (item.Input == "2" && !crashed)
            {
                reached.SetResult();
                await held.Task;
            }

            return new ActivityOutcome.Completed(item.Input);
        });
        var id = await node.RunAsync("three");
        await reached.Task;
        crashed = true;
        await node.CrashAsync();

        Assert.Equal("3", (await node.EndAsync(id)).Output);
        Assert.Equal(["1", "2", "2", "3"], calls);
        held.SetResult();
    }

    [Fact]
    public async Task Events_raised_before_anyone_waits_are_kept_in_order()
    {
        await using var node = await StartAsync("wait", async c =>
        {
            await c.CallActivityRawAsync("add", "1");
            var first = await c.WaitForExternalEventRaw("go");
            var second = await c.WaitForExternalEventRaw("GO");
            return first.Input + second.Input;
        });
        var id = new InstanceId(await node.RunAsync("wait"));
        await node.Client.SendAsync(id, new InstanceMessage.Raise("Go", "1"), "k1", s_none);
        Assert.Equal(SendOutcome.AlreadyAccepted, await node.Client.SendAsync(id, new InstanceMessage.Raise("Go", "1"), "k1", s_none));
        await node.Client.SendAsync(id, new InstanceMessage.Raise("Go", "2"), "k2", s_none);

        Assert.Equal("12", (await node.EndAsync(id)).Output);
    }

    [Fact]
    public async Task A_suspended_run_starts_nothing_and_goes_on_when_resumed()
    {
        var started = 0;
        await using var node = await StartAsync("pause", async c =>
        {
            await c.WaitForExternalEventRaw("go");
            return (await c.CallActivityRawAsync("count", null)).Value;
        });
        node.Activities.Set("count", _ => $"{Interlocked.Increment(ref started)}");
        var id = new InstanceId(await node.RunAsync("pause"));
        await node.Client.SendAsync(id, new InstanceMessage.Suspend("lunch"), null, s_none);
        await StatusAsync(node, id, OrchestrationStatus.Suspended);
        await node.Client.SendAsync(id, new InstanceMessage.Raise("go", null), null, s_none);
        await EventAsync(node, id, e => e is EventRaised);

        Assert.Equal(0, started);
        await node.Client.SendAsync(id, new InstanceMessage.Resume(null), null, s_none);
        Assert.Equal("1", (await node.EndAsync(id)).Output);
    }

    [Fact]
    public async Task Terminate_ends_a_run_at_once_and_cancels_what_runs()
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource();
        await using var node = await StartAsync("long", async c => (await c.CallActivityRawAsync("forever", null)).Value);
        node.Activities.Set("forever", async (_, _, cancel) =>
        {
            var ended = new TaskCompletionSource();
            await using var registration = cancel.Register(() => ended.SetResult());
            began.SetResult();
            await ended.Task;
            cancelled.SetResult();
            return new ActivityOutcome.NotStarted();
        });
        var id = new InstanceId(await node.RunAsync("long"));
        await began.Task.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        await node.Client.SendAsync(id, new InstanceMessage.Terminate("\"enough\"", false), null, s_none);
        var end = await node.EndAsync(id);

        Assert.Equal((OrchestrationStatus.Terminated, "\"enough\""), (end.Status, end.Output));
        await cancelled.Task.WaitAsync(s_patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_run_that_only_waits_outlives_any_number_of_crashes()
    {
        await using var node = await StartAsync("wait", async c => (await c.WaitForExternalEventRaw("go")).Input);
        var id = new InstanceId(await node.RunAsync("wait"));
        await EventAsync(node, id, e => e is ExecutionStarted);
        for (var crash = 0; crash < 8; crash++)
        {
            var epoch = (await node.Store.Queries.FindAsync(id, s_none))!.OwnerEpoch;
            await node.CrashAsync();
            using var patience = new CancellationTokenSource(s_patience);
            while (await node.Store.Queries.FindAsync(id, patience.Token) is { Owner: not null } row && row.OwnerEpoch == epoch)
            {
                await Task.Yield();   // claimed by the successor, or nobody's because nothing is to be done
            }
        }

        await node.Client.SendAsync(id, new InstanceMessage.Raise("go", "1"), null, s_none);
        var end = await node.EndAsync(id);
        Assert.Equal((OrchestrationStatus.Completed, "1"), (end.Status, end.Output));
    }

    [Fact]
    public async Task A_child_answers_its_parent_and_a_clash_fails_the_call()
    {
        await using var node = await TestNode.StartAsync(new Dictionary<string, Orchestrator>
        {
            ["parent"] = async c =>
            {
                var good = await c.CallSubOrchestratorRawAsync("child", "20", new SubOrchestrationOptions { InstanceId = "kid" });
                try
                {
                    await c.CallSubOrchestratorRawAsync("child", "1", new SubOrchestrationOptions { InstanceId = "taken" });
                    return "no clash";
                }
                catch (TaskFailedException e)
                {
                    return good + e.Failure.ErrorType;
                }
            },
            ["child"] = async c => (await c.CallActivityRawAsync("add", c.RawInput)).Value,
            ["idle"] = async c => (await c.WaitForExternalEventRaw("never")).Input,
        }, Add);
        await node.RunAsync("idle", id: "taken");

        Assert.Equal("21OrchestrationAlreadyExists", (await node.EndAsync(await node.RunAsync("parent"))).Output);
    }

    [Fact]
    public async Task Continue_as_new_keeps_unread_events_and_older_generations_stay_readable()
    {
        await using var node = await StartAsync("again", async c =>
        {
            var e = await c.WaitForExternalEventRaw("n");
            if (e.Input == "3")
            {
                return $"generation {c.Generation}";
            }

            c.ContinueAsNewRaw(e.Input);
            return null;
        });
        var id = new InstanceId(await node.RunAsync("again"));
        foreach (var n in new[] { "1", "2", "3" })
        {
            await node.Client.SendAsync(id, new InstanceMessage.Raise("n", n), null, s_none);
        }

        Assert.Equal("generation 2", (await node.EndAsync(id)).Output);
        Assert.Equal(3, (await node.Client.ListExecutionsAsync(id, s_none)).Count);
        Assert.Contains(await node.HistoryAsync(id, 1), e => e is EventRaised { Input: "2" });
    }

    [Fact]
    public async Task A_timer_survives_a_crash()
    {
        await using var node = await StartAsync("timer", async c =>
        {
            await c.CreateTimer(c.CurrentUtcDateTime.AddMilliseconds(300));
            return "rang";
        });
        var id = await node.RunAsync("timer");
        await EventAsync(node, new InstanceId(id), e => e is TimerCreated);
        await node.CrashAsync();

        Assert.Equal("rang", (await node.EndAsync(id)).Output);
    }

    [Fact]
    public async Task Code_that_no_longer_fits_the_history_parks_the_run_with_what_was_expected()
    {
        var name = "add";
        await using var node = await StartAsync("drift", async c =>
        {
            await c.CallActivityRawAsync(name, "1");
            await c.WaitForExternalEventRaw("go");
            return "done";
        });
        node.Activities.Set("other", _ => "1");
        var id = new InstanceId(await node.RunAsync("drift"));
        await EventAsync(node, id, e => e is TaskCompleted);
        name = "other";
        await node.CrashAsync();
        await node.Client.SendAsync(id, new InstanceMessage.Raise("go", null), null, s_none);
        var parked = await node.EndAsync(id);

        Assert.Contains("add", parked.Parked);
        Assert.Contains("other", parked.Parked);
        Assert.StartsWith("AG2001", parked.Parked);

        name = "add";
        Assert.True((await node.Client.UnparkAsync(id, s_none)).Done);
        Assert.Equal("done", (await node.EndAsync(id)).Output);
    }

    [Fact]
    public async Task An_unknown_orchestrator_fails_by_name()
    {
        await using var node = await StartAsync("known", _ => Task.FromResult<string?>(null));
        var end = await node.EndAsync(await node.RunAsync("unknown"));

        Assert.Equal((OrchestrationStatus.Failed, "OrchestratorTaskNotFound"), (end.Status, end.Failure!.ErrorType));
    }

    [Fact]
    public async Task A_failed_run_rewinds_to_before_the_failure_and_keeps_done_work()
    {
        var broken = true;
        var calls = new List<string>();
        await using var node = await StartAsync("rw", async c =>
        {
            await c.CallActivityRawAsync("good", "1");
            return (await c.CallActivityRawAsync("flaky", "2")).Value;
        });
        node.Activities.Set("good", i => { calls.Add("good"); return i; });
        node.Activities.Set("flaky", i =>
        {
            calls.Add("flaky");
            return broken ? throw new InvalidOperationException("not yet") : i;
        });
        var id = new InstanceId(await node.RunAsync("rw"));
        Assert.Equal(OrchestrationStatus.Failed, (await node.EndAsync(id)).Status);
        broken = false;
        var rewound = await node.Client.RewindAsync(id, "mended", s_none);

        Assert.True(rewound.Done, rewound.Refusal);
        var end = await node.EndAsync(id);
        Assert.Equal((OrchestrationStatus.Completed, "2", 1), (end.Status, end.Output, end.Generation));
        Assert.Equal(["good", "flaky", "flaky"], calls);
        Assert.Empty(await node.Client.VerifyStoreAsync(s_none));
    }

    [Fact]
    public async Task A_fork_shares_what_came_before_and_takes_its_own_way_after()
    {
        await using var node = await StartAsync("forked", async c =>
        {
            var one = await c.CallActivityRawAsync("add", "1");
            var steer = c.WaitForExternalEventRaw("steer");
            var two = await c.CallActivityRawAsync("add", one.Value);
            return two.Value + (steer.IsCompleted ? (await steer).Input : "") + c.RunIdentity;
        });
        var id = new InstanceId(await node.RunAsync("forked", id: "original"));
        Assert.Equal("3original", (await node.EndAsync(id)).Output);
        var cut = (await node.HistoryAsync(id)).ToList().FindLastIndex(e => e is OrchestratorStarted);
        var fork = await node.Client.ForkAsync(id, new InstanceId("branch"), cut, "!", s_none);

        Assert.True(fork.Done, fork.Refusal);
        Assert.Equal("3!branch", (await node.EndAsync("branch")).Output);
        Assert.Equal("3original", (await node.EndAsync(id)).Output);
        Assert.Empty(await node.Client.VerifyStoreAsync(s_none));
        Assert.Equal(["branch"], (await node.Client.PurgeAsync(id, false, false, s_none)).RetainedBy);
    }

    [Fact]
    public async Task Same_id_same_request_is_the_same_run_and_another_request_is_a_conflict()
    {
        await using var node = await StartAsync("x", _ => Task.FromResult<string?>("1"));
        var request = new StartRequest { Id = new InstanceId("one"), Name = "x", Input = "1" };

        Assert.Equal(StartOutcome.Started, await node.Client.StartAsync(request, s_none));
        Assert.Equal(StartOutcome.AlreadyStarted, await node.Client.StartAsync(request, s_none));
        Assert.Equal(StartOutcome.Conflict, await node.Client.StartAsync(request with { Input = "2" }, s_none));
        await node.EndAsync("one");
        Assert.Equal(1, (await node.Client.PurgeAsync(request.Id, false, false, s_none)).Deleted);
        Assert.Equal(StartOutcome.Conflict, await node.Client.StartAsync(request with { Input = "2" }, s_none));
    }

    [Fact]
    public async Task A_scheduled_run_waits_for_its_time_and_can_be_ended_before()
    {
        await using var node = await StartAsync("x", _ => Task.FromResult<string?>("1"));
        var now = DateTimeOffset.Parse("2100-01-01T00:00:00Z");
        await node.Client.StartAsync(
            new StartRequest { Id = new InstanceId("later"), Name = "x", ScheduledStart = now }, s_none);
        Assert.Equal(OrchestrationStatus.Pending, (await node.Client.GetAsync(new InstanceId("later"), false, s_none))!.Status);
        await node.Client.SendAsync(new InstanceId("later"), new InstanceMessage.Terminate("\"no\"", false), null, s_none);

        Assert.Equal(OrchestrationStatus.Terminated, (await node.EndAsync("later")).Status);
        Assert.Empty(await node.Client.VerifyStoreAsync(s_none));
    }

    static Task<TestNode> StartAsync(string name, Orchestrator code) =>
        TestNode.StartAsync(new Dictionary<string, Orchestrator> { [name] = code }, Add);

    static void Add(LambdaActivities activities) => activities.Set("add", i => $"{int.Parse(i ?? "0") + 1}");

    internal static async Task EventAsync(TestNode node, InstanceId id, Func<HistoryEvent, bool> wanted)
    {
        using var limit = Patience.Begin();
        await foreach (var item in node.Client.ReadStreamAsync(id, null, limit.Token))
        {
            if (item is StreamItem.Event e && wanted(e.History))
            {
                return;
            }
        }

        Assert.Fail("the run ended without that event");
    }

    static Task StatusAsync(TestNode node, InstanceId id, OrchestrationStatus status) => status switch
    {
        OrchestrationStatus.Suspended => EventAsync(node, id, e => e is ExecutionSuspended),
        _ => throw new ArgumentException("only suspended is waited for", nameof(status)),
    };
}
