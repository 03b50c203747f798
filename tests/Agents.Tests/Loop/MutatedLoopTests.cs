using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Replay;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

/// <summary>What `agents replay` does, on the agent loop as it is and on loops that were changed without a new version.</summary>
public sealed class MutatedLoopTests
{
    [Fact]
    public async Task The_unchanged_loop_replays_equal()
    {
        var history = await RunAsync();

        var report = HistoryReplay.Check(new OrchestratorHost([AgentRun.Registration]), s_identity, history);

        Assert.Null(report.Divergence);
        Assert.Equal(history.Count, report.Events);
    }

    [Fact]
    public async Task A_loop_that_asks_for_one_thing_more_is_found_at_the_first_event_it_would_have_written()
    {
        var history = await RunAsync();
        var first = history.First(e => e.Event is Contracts.History.TaskScheduled);

        var divergence = Divergence(history, async c =>
        {
            await c.CallActivityRawAsync("Preflight", null);
            return await AgentRun.Registration.Code(c);
        });

        Assert.Equal(first.Sequence, divergence.Sequence);
        Assert.Contains("CallModel", divergence.Expected, StringComparison.Ordinal);
        Assert.Contains("Preflight", divergence.Actual, StringComparison.Ordinal);
        Assert.StartsWith($"event {first.Sequence} (TaskScheduled): history has ", divergence.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loop_that_asks_for_something_beside_its_first_call_is_found_there()
    {
        var history = await RunAsync();
        var calls = history.Where(e => e.Event is Contracts.History.TaskScheduled { Name: AgentRun.CallModel }).ToList();

        var divergence = Divergence(history, async c =>
        {
            var whole = AgentRun.Registration.Code(c);
            await c.CallActivityRawAsync("Late", null);
            return await whole;
        });

        // The changed loop asks for its first model call as before, and for something else right beside it.
        Assert.InRange(divergence.Sequence, calls[0].Sequence + 1, calls[1].Sequence);
        Assert.Contains("Late", divergence.Actual, StringComparison.Ordinal);
    }

    static readonly OrchestratorIdentity s_identity = new(
        new InstanceId("run-1"), new ExecutionId("0123456789abcdef0123456789abcdef"), 0,
        [new IdentitySeed(0, "0123456789abcdef0123456789abcdef", "run-1")]);

    static async Task<IReadOnlyList<Contracts.History.SequencedEvent>> RunAsync()
    {
        var script = Of(Asks(Call("read")), Asks(Call("send")), Asks(Call("read", "{\"n\":2}")), Says("done"));
        var engine = new FakeEngine(script.Answer);
        await engine.RunAsync(Input(Spec("read"), Spec("send", EffectClass.AtMostOnce)));
        return engine.History;
    }

    static Divergence Divergence(IReadOnlyList<Contracts.History.SequencedEvent> history, Orchestrator mutated)
    {
        var host = new OrchestratorHost([new OrchestratorRegistration(AgentRun.Name, AgentRun.Version, mutated)]);
        return HistoryReplay.Check(host, s_identity, history).Divergence ?? throw new InvalidOperationException("no divergence was found");
    }
}
