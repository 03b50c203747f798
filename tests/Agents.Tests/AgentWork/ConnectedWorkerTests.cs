using System.IO.Pipelines;
using System.Text;
using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Work;
using Agents.TestKit;
using Agents.TestKit.Models;
using Agents.Tests.Loop;
using Agents.Tests.Worker;
using Agents.Worker.DurableTask;
using Agents.Worker.Transcripts;
using Grpc.Net.Client;
using Xunit;
using Wire = Agents.Protocol;

namespace Agents.Tests.AgentWork;

/// <summary>Runs whose work is done by workers on the other side of a connection, which die in the middle of it.</summary>
public sealed class ConnectedWorkerTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_is_what_it_is_in_one_process_and_each_effect_happens_once()
    {
        await using var rig = WorkRig.Of(8);
        await rig.OpenAsync();
        rig.Connect();
        await rig.StartAsync("run");
        var end = await rig.EndAsync("run");

        Assert.Equal(StopReasons.Answer, end.StopReason);
        Assert.Equal(8, rig.Sent.Distinct().Count());
        Assert.Equal(8, rig.Sent.Count);
        Assert.Equal(9, rig.Requests.Count);
        Assert.Empty(PromptDigests.Verify(await rig.HistoryAsync("run"), out var calls));
        Assert.Equal(9, calls);
        var effects = await rig.Client.ListEffectsAsync(new InstanceId("run"), inDoubtOnly: false, Cancel);
        Assert.All(effects, e => Assert.Equal(LedgerState.Receipt, e.State));
    }

    [Fact]
    public async Task A_step_costs_the_bytes_of_what_is_new_in_it_however_many_came_before()
    {
        const int Steps = 60;
        var marks = new List<long>();
        RigWorker? worker = null;
        await using var rig = new WorkRig
        {
            Model = step =>
            {
                lock (marks)
                {
                    marks.Add(worker!.Connected.ReceivedBytes);
                }

                return step <= Steps
                    ? ModelHandler.Calls("I look at the next one.", ("read", """{"n": 7}"""), ("send", "{}"))
                    : ModelHandler.Answer("done");
            },
        };
        await rig.OpenAsync();
        worker = rig.Connect();
        await rig.StartAsync("run");
        await rig.EndAsync("run");

        // A step is a reply, two tool results, three activities and two or three turns: about 3 KB here, of which numbers
        // grow by some bytes. The whole history at each step would be 60 times that at the end.
        var steps = marks.Zip(marks.Skip(1), (from, to) => to - from).Skip(2).ToList();
        Assert.True(steps.Count >= Steps - 3);
        Assert.All(steps, bytes => Assert.InRange(bytes, 500, 5_000));
        Assert.True(
            steps[^20..].Max() < steps[..20].Max() + 300, $"first {string.Join(' ', steps[..20])}, last {string.Join(' ', steps[^20..])}");
    }

    [Fact]
    public async Task A_worker_that_keeps_nothing_is_given_the_history_and_goes_on()
    {
        await using var rig = WorkRig.Of(6);
        await rig.OpenAsync();
        rig.Connect(kept: new KeptExecutions(countMax: 0));
        await rig.StartAsync("run");
        await rig.EndAsync("run");

        Assert.Equal(6, rig.Sent.Count);
        Assert.Equal(7, rig.Requests.Count);
    }

    [Fact]
    public async Task A_history_over_the_bound_of_a_message_is_read_apart()
    {
        await using var rig = new WorkRig
        {
            Model = step => step <= 6 ? ModelHandler.Calls($"step {step}", ("read", "{}")) : ModelHandler.Answer("done"),
            Options = new() { Port = 0, InlineHistoryBytesMax = 2_000 },
        };
        await rig.OpenAsync();
        rig.Connect(kept: new KeptExecutions(countMax: 0));
        await rig.StartAsync("run");
        await rig.EndAsync("run");

        Assert.Equal(7, rig.Requests.Count);
        Assert.Empty(PromptDigests.Verify(await rig.HistoryAsync("run"), out _));
    }

    [Fact]
    public async Task A_worker_killed_in_a_model_call_is_followed_by_another_that_sends_the_same_request()
    {
        var reached = new TaskCompletionSource();
        RigWorker? first = null;
        await using var rig = new WorkRig
        {
            Model = step =>
            {
                if (step == 3 && first is { } victim)
                {
                    first = null;
                    victim.Kill();
                    reached.SetResult();
                    throw new HttpRequestException("its process is gone");
                }

                return step <= 5 ? ModelHandler.Calls($"step {step}", ("send", "{}")) : ModelHandler.Answer("done");
            },
        };
        await rig.OpenAsync();
        first = rig.Connect();
        await rig.StartAsync("run");
        await reached.Task.WaitAsync(Patience.Most, Cancel);
        rig.Connect();
        await rig.EndAsync("run");

        Assert.Equal(5, rig.Sent.Count);
        Assert.Equal(7, rig.Requests.Count);
        Assert.Equal(6, rig.Requests.Distinct().Count());
    }

    [Fact]
    public async Task A_worker_killed_in_an_effect_is_asked_about_by_the_next_in_its_folder_and_nothing_happens_twice()
    {
        var acted = new TaskCompletionSource();
        RigWorker? first = null;
        await using var rig = WorkRig.Of(4);
        rig.Tool = async (work, cancel) =>
        {
            if (work.Item.Mode == ActivityMode.Reconcile)
            {
                Assert.True(work.Item.PredecessorGone);
                lock (rig.Sent)
                {
                    return rig.Sent.Contains(work.Key) ? LoopScript.Result("sent") : new ActivityOutcome.Absent("not there");
                }
            }

            if (work.Call.Name == "send" && rig.Sent.Count == 1 && first is { } victim)
            {
                first = null;
                Assert.True(rig.Act(work));
                victim.Kill();
                acted.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
            }

            return rig.Do(work);
        };
        await rig.OpenAsync();
        first = rig.Connect();
        await rig.StartAsync("run");
        await acted.Task.WaitAsync(Patience.Most, Cancel);
        rig.Connect();
        await rig.EndAsync("run");

        Assert.Equal(4, rig.Sent.Count);
        Assert.Equal(4, rig.Sent.Distinct().Count());
        var effects = await rig.Client.ListEffectsAsync(new InstanceId("run"), inDoubtOnly: false, Cancel);
        Assert.Equal([1, 3], [effects.Count(e => e.Evidence == "probe"), effects.Count(e => e.Evidence == "executor")]);
    }

    [Fact]
    public async Task An_engine_restarted_while_a_worker_acts_hears_what_came_of_it()
    {
        var acted = new TaskCompletionSource();
        var answers = new TaskCompletionSource();
        await using var rig = new WorkRig
        {
            Model = step => step == 1 ? ModelHandler.Calls("now", ("send", "{}")) : ModelHandler.Answer("done"),
        };
        rig.Tool = async (work, _) =>
        {
            Assert.Equal(ActivityMode.Execute, work.Item.Mode); // the worker that is asked about it knows it has it
            Assert.True(rig.Act(work));
            acted.TrySetResult();
            await answers.Task;
            return LoopScript.Result("sent");
        };
        await rig.OpenAsync();
        var port = rig.Port;
        rig.Connect();
        await rig.StartAsync("run");
        await acted.Task.WaitAsync(Patience.Most, Cancel);
        await rig.CrashAsync(); // the engine forgets who has the attempt
        await rig.OpenAsync(port);
        await Patience.UntilAsync(() => Task.FromResult(rig.Hub.Workers == 1));
        answers.SetResult();
        await rig.EndAsync("run");

        Assert.Single(rig.Sent);
        Assert.Equal(2, rig.Requests.Count);
    }

    [Fact]
    public async Task A_worker_of_another_folder_cannot_tell_and_a_person_decides()
    {
        var acted = new TaskCompletionSource();
        RigWorker? first = null;
        await using var rig = new WorkRig
        {
            Model = step => step == 1 ? ModelHandler.Calls("now", ("send", "{}")) : ModelHandler.Answer("done"),
            Options = new() { Port = 0, Grace = TimeSpan.FromMilliseconds(100), SamePlaceWait = TimeSpan.FromMilliseconds(100) },
        };
        rig.Tool = async (work, cancel) =>
        {
            if (work.Item.Mode == ActivityMode.Reconcile)
            {
                return work.Item.PredecessorGone ? new ActivityOutcome.Absent("gone") : new ActivityOutcome.InDoubt("who knows");
            }

            Assert.True(rig.Act(work));
            first!.Kill();
            acted.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancel);
            return LoopScript.Result("never");
        };
        await rig.OpenAsync();
        first = rig.Connect("here");
        await rig.StartAsync("run");
        await acted.Task.WaitAsync(Patience.Most, Cancel);
        rig.Connect("elsewhere");
        await Patience.UntilAsync(async () => (await rig.Client.GetAsync(new InstanceId("run"), false, Cancel))!.InDoubt == 1);
        var doubt = Assert.Single(await rig.Client.ListEffectsAsync(new InstanceId("run"), inDoubtOnly: true, Cancel));
        var word = new EffectResolution(
            doubt.Key, EffectVerdict.Happened, ((ActivityOutcome.Completed)LoopScript.Result("seen")).Result, "somebody");
        await rig.Client.SendAsync(new InstanceId("run"), new InstanceMessage.Resolve(word), null, Cancel);
        await rig.EndAsync("run");

        Assert.Single(rig.Sent);
        Assert.Contains("seen", rig.Requests[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_reaches_readers_while_it_is_made_and_is_taken_back_when_its_worker_is_lost()
    {
        var open = new Pipe();
        await using var rig = new WorkRig { Model = _ => ModelHandler.Answer("whole", "thought") };
        rig.Streamed = _ => rig.Requests.Count == 1 ? new StreamContent(open.Reader.AsStream()) : null;
        await rig.OpenAsync();
        var first = rig.Connect();
        await rig.StartAsync("run");
        await open.Writer.WriteAsync(Encoding.UTF8.GetBytes($"data: {Chunks.Delta("""{"role":"assistant","content":"half of"}""")}\n\n"), Cancel);
        var seen = new List<string>();
        await foreach (var item in rig.Client.ReadStreamAsync(new InstanceId("run"), null, Cancel))
        {
            switch (item)
            {
                case StreamItem.Delta { Text: "half of" }:
                    seen.Add("half");
                    first.Kill();
                    rig.Connect();
                    break;
                case StreamItem.Retract:
                    seen.Add("taken back");
                    break;
                case StreamItem.Event { History: TaskCompleted { Result: { } result } }:
                    seen.Add(result.Contains("\"whole\"", StringComparison.Ordinal) ? "whole" : result);
                    break;
                default:
                    break;
            }
        }

        Assert.Equal(["half", "taken back", "whole"], seen);
        await open.Writer.CompleteAsync();
    }

    [Fact]
    public async Task A_stream_with_nothing_to_say_says_so()
    {
        await using var rig = new WorkRig { Model = _ => "", Options = new() { PingEvery = TimeSpan.FromMilliseconds(50) } };
        await rig.OpenAsync();
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{rig.Port}");
        using var stream = new Wire.TaskHubSidecarService.TaskHubSidecarServiceClient(channel)
            .GetWorkItems(new Wire.GetWorkItemsRequest(), cancellationToken: Cancel);
        using var limit = Patience.Begin();
        for (var pings = 0; pings < 3; pings++)
        {
            Assert.True(await stream.ResponseStream.MoveNext(limit.Token));
            Assert.NotNull(stream.ResponseStream.Current.HealthPing);
        }
    }

    [Fact]
    public async Task A_run_without_a_worker_waits_says_so_and_can_be_ended()
    {
        await using var rig = WorkRig.Of(2);
        await rig.OpenAsync();
        await rig.StartAsync("run");
        await Patience.UntilAsync(() => Task.FromResult(
            rig.Hub.Broker.Unserved(TimeSpan.Zero).Any(u => u is { Name: "AgentRun", Version: "1", Count: 1 })));
        await rig.Client.SendAsync(new InstanceId("run"), new InstanceMessage.Terminate("\"enough\"", false), null, Cancel);
        using var limit = Patience.Begin();
        var view = await rig.Client.WaitForCompletionAsync(new InstanceId("run"), limit.Token);

        Assert.Equal((OrchestrationStatus.Terminated, "\"enough\""), (view!.Status, view.Output));
    }

    [Fact]
    public async Task A_run_ended_while_nobody_takes_its_turn_keeps_what_its_attempt_came_to()
    {
        var acted = new TaskCompletionSource();
        RigWorker? worker = null;
        await using var rig = WorkRig.Of(2);
        rig.Tool = (work, _) =>
        {
            var outcome = rig.Do(work);
            if (work.Call.Name == "send")
            {
                acted.TrySetResult();
            }

            return Task.FromResult(outcome);
        };
        await rig.OpenAsync();
        worker = rig.Connect();
        await rig.StartAsync("run");
        await acted.Task.WaitAsync(Patience.Most, Cancel);
        await rig.Client.SendAsync(new InstanceId("run"), new InstanceMessage.Terminate(null, false), null, Cancel);
        using var limit = Patience.Begin();
        await rig.Client.WaitForCompletionAsync(new InstanceId("run"), limit.Token);

        // Whichever came first, the effect that happened has its receipt in the end.
        await Patience.UntilAsync(async () => (await rig.Client.ListEffectsAsync(new InstanceId("run"), false, Cancel))
            .All(e => e.State == LedgerState.Receipt));
        Assert.NotEmpty(rig.Sent);
    }
}
