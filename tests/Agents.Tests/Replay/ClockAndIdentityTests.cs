using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

public sealed class ClockAndIdentityTests
{
    const string Seed = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void Only_the_start_of_a_turn_moves_time()
    {
        List<DateTimeOffset> seen = [];
        var engine = Programs.Started(async c =>
        {
            seen.Add(c.CurrentUtcDateTime);
            await c.CallActivityRawAsync("a", null);
            seen.Add(c.CurrentUtcDateTime);
            await c.CallActivityRawAsync("b", null);
            seen.Add(c.CurrentUtcDateTime);
        });
        engine.Now += TimeSpan.FromMinutes(1);
        engine.Deliver(
            new TaskCompleted { TaskScheduledId = 0, Timestamp = DateTimeOffset.MaxValue },
            new TaskCompleted { TaskScheduledId = 1 });

        Assert.Equal([HistoryBuilder.Epoch, engine.Now, engine.Now], seen);
    }

    [Fact]
    public void Replaying_is_true_for_past_events_only()
    {
        List<bool> seen = [];
        var engine = Programs.Started(async c =>
        {
            seen.Add(c.IsReplaying);
            await c.CallActivityRawAsync("a", null);
            seen.Add(c.IsReplaying);
        }).GoCold().Complete(0);

        Assert.Equal([false, true, false], seen);
        Assert.NotNull(engine.Completion);
    }

    [Fact]
    public void Every_call_takes_the_next_id_from_zero_the_completion_too()
    {
        var engine = Programs.Started(c =>
        {
            _ = c.CallActivityRawAsync("a", null);
            _ = c.CreateTimer(TimeSpan.FromSeconds(1));
            _ = c.CallSubOrchestratorRawAsync("child", null);
            c.SendEvent("other", "hello", null);
            return Task.CompletedTask;
        });

        Assert.Equal([0, 1, 2, 3, 4], engine.Actions.Select(a => a.Id));
        Assert.IsType<CompleteOrchestrationAction>(engine.Actions[4]);
    }

    [Fact]
    public void New_guids_are_version_five_of_seed_time_and_counter()
    {
        List<Guid> minted = [];
        Func<OrchestrationContext, Task> code = c =>
        {
            minted.Add(c.NewGuid());
            minted.Add(c.NewGuid());
            return Task.CompletedTask;
        };
        Programs.Started(code);
        Programs.Started(code);

        // Computed apart: Python's uuid.uuid5 with the Durable Task namespace.
        Assert.Equal(Guid.Parse("2c4f811b-7ac3-52bd-8bb4-4fcc5a483184"), minted[0]);
        Assert.Equal(Guid.Parse("b7a3fa2c-2e1a-53b3-bc29-d427836561a9"), minted[1]);
        Assert.Equal(minted[..2], minted[2..]);
    }

    [Fact]
    public void A_child_without_an_id_is_named_after_the_seed_and_its_task_id()
    {
        var engine = Programs.Started(async c =>
        {
            c.SendEvent("other", "hello", null);
            await c.CallSubOrchestratorRawAsync("child", null);
        });

        Assert.Equal($"{Seed}:0001", Assert.Single(engine.OpenChildren).InstanceId);
    }

    [Fact]
    public void Copied_events_replay_under_their_own_seed_and_run_and_later_ones_under_the_new()
    {
        List<string> runs = [];
        Orchestrator code = async c =>
        {
            runs.Add(c.RunIdentity);
            await c.CallSubOrchestratorRawAsync("child", c.NewGuid().ToString());
            runs.Add(c.RunIdentity);
            await c.CallSubOrchestratorRawAsync("child", c.NewGuid().ToString());
            return null;
        };
        var original = Programs.Started(code);
        var cut = original.History.Count;
        var fork = new OrchestratorIdentity(
            new InstanceId("fork"), new ExecutionId(new string('f', 32)), 0,
            [new IdentitySeed(0, Seed, "run-1"), new IdentitySeed(cut, new string('f', 32), "fork")]);
        runs.Clear();

        using var session = Programs.Host(code).Open(fork);
        var turn = session.Run(original.History,
        [
            new(cut, new OrchestratorStarted { Timestamp = original.Now }),
            new(cut + 1, new ExecutionRewound()),
            new(cut + 2, new SubOrchestrationInstanceCompleted { TaskScheduledId = 0 }),
        ]);

        Assert.Null(turn.Divergence);
        Assert.Equal(["run-1", "fork"], runs);
        Assert.StartsWith("ffff", ((CreateSubOrchestrationAction)turn.Actions[0]).InstanceId, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_and_results_tell_where_they_are_kept()
    {
        List<EventReference> references = [];
        var engine = new FakeEngine(
            Programs.Host(async c =>
            {
                references.Add(c.InputReference);
                references.Add((await c.CallActivityRawAsync("a", null)).Reference);
                references.Add((await c.WaitForExternalEventRaw("go")).Reference);
            }),
            HistoryBuilder.Identity(generation: 3));
        engine.Start(Programs.Name, "\"in\"").Complete(0).Raise("go");

        Assert.Equal([new(3, 1), new(3, 4), new(3, 6)], references);
        Assert.All(references.Zip<EventReference, Type>(
            [typeof(ExecutionStarted), typeof(TaskCompleted), typeof(EventRaised)]),
            r => Assert.IsType(r.Second, engine.History[(int)r.First.Sequence].Event));
    }

    [Fact]
    public void The_start_event_gives_name_version_input_and_parent()
    {
        var parent = new ParentInstance("mother", Seed, 7);
        (string, string?, string?, ParentInstance?) seen = default;
        new FakeEngine(Programs.Host(c =>
        {
            seen = (c.Name, c.Version, c.GetInput<string>(), c.Parent);
            return Task.CompletedTask;
        })).Deliver(HistoryBuilder.Start(Programs.Name, "\"in\"", "2") with { Parent = parent });

        Assert.Equal((Programs.Name, "2", "in", parent), seen);
    }
}
