using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Loop;
using Agents.Loop.View;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

public sealed class DiscardTests
{
    static RunInput Policy(int? steps = null, long? tokens = null, int keepLast = 2) => Input(Spec("read", EffectClass.Idempotent)) with
    {
        Context = new ContextPolicy { Kind = "discard_all", TriggerSteps = steps, TriggerTokens = tokens, KeepLast = keepLast },
    };

    // Two calls a step, and a model that counts what it is shown: 100 tokens to begin with, then 50 an item.
    static LoopScript Counting(int steps, ViewFold fold)
    {
        return new LoopScript
        {
            Model = (n, call) =>
            {
                fold.Apply(n, call with { Previous = fold.LastCall });
                var usage = new TokenUsage(50 + (50 * fold.Shown.Count()), 0, 0, 50);
                return n < steps ? Asks(usage, Call("read"), Call("read", index: 1)) : Says("done", usage);
            },
        };
    }

    [Fact]
    public async Task At_so_many_steps_all_but_the_last_ones_go()
    {
        var fold = new ViewFold();
        var script = Counting(20, fold);
        await new FakeEngine(script.Answer).RunAsync(Policy(steps: 5));

        var cuts = script.Calls.Select((c, i) => (i, c.Cut)).Where(c => c.Cut is not null).ToList();
        Assert.Equal([6, 10, 14, 18], cuts.Select(c => c.i));
        Assert.All(cuts, c => Assert.Equal(1 + (3 * (c.i - 2)), c.Cut!.Before));
        Assert.All(cuts, c => Assert.Empty(c.Cut!.Keep));
    }

    [Fact]
    public async Task A_step_goes_whole_and_the_beginning_stays()
    {
        var fold = new ViewFold();
        var script = Counting(30, fold);
        var engine = new FakeEngine(script.Answer);
        script.Before = _ =>
        {
            var shown = fold.Shown.Select(p => ((ViewItem.Stored)fold.Items[p]).Sequence).ToList();
            var events = shown.Select(s => engine.History[(int)s].Event).ToList();
            if (events.Count > 1)
            {
                Assert.IsType<ExecutionStarted>(events[0]);
                Assert.Equal(0, (events.Count - 1) % 3);
                Assert.All(events.Skip(1).Chunk(3), step => Assert.Equal(["CallModel", "RunTool", "RunTool"], step.Select(e => NameOf(engine, e))));
            }
        };
        await engine.RunAsync(Policy(tokens: 900, keepLast: 3));

        Assert.InRange(script.Calls.Count(c => c.Cut is not null), 5, 12);
    }

    static string NameOf(FakeEngine engine, HistoryEvent e) => engine.History.Select(h => h.Event).OfType<TaskScheduled>()
        .Single(t => t.EventId == ((TaskCompleted)e).TaskScheduledId).Name;

    [Fact]
    public async Task What_a_person_said_stays_and_is_named_once()
    {
        var fold = new ViewFold();
        var script = Counting(20, fold);
        var engine = new FakeEngine(script.Answer);
        script.Before = item =>
        {
            if (item.Name == AgentRun.CallModel && script.Calls.Count == 3)
            {
                engine.Raise(RunEvents.Steer, RunEvents.SteerPayload("mind the gap"));
            }
        };
        await engine.RunAsync(Policy(steps: 5));

        var said = engine.History.Single(e => e.Event is EventRaised).Sequence;
        Assert.Single(script.Calls.SelectMany(c => c.Cut?.Keep ?? []));
        Assert.Contains(fold.Shown, p => fold.Items[p] == new ViewItem.Stored(said));
        Assert.True(fold.Shown.Count() < fold.Items.Count / 2);
    }

    [Fact]
    public async Task An_overflow_leaves_the_last_step_and_the_cut_is_asked_for_again()
    {
        var script = new LoopScript
        {
            Model = (n, _) => n switch { < 6 => Asks(Call("read")), 6 => Fails(ModelErrorKind.ContextOverflow), _ => Says("done") },
        };
        var output = await new FakeEngine(script.Answer).RunAsync(Policy());

        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Null(script.Calls[6].Cut);
        Assert.Equal(11, script.Calls[7].Cut!.Before);
        Assert.Equal(script.Calls[6].Appended, script.Calls[7].Appended);
    }

    [Fact]
    public async Task One_step_that_is_too_long_ends_the_run()
    {
        var script = new LoopScript { Model = (n, _) => n < 1 ? Asks(Call("read")) : Fails(ModelErrorKind.ContextOverflow) };
        var output = await new FakeEngine(script.Answer).RunAsync(Policy());

        Assert.Equal(StopReasons.ContextOverflow, output.StopReason);
    }

    [Fact]
    public async Task A_run_evicted_at_every_step_makes_the_same_calls()
    {
        var (hot, cold) = (Counting(30, new ViewFold()), Counting(30, new ViewFold()));
        await new FakeEngine(hot.Answer) { CheckReplay = false }.RunAsync(Policy(steps: 4, tokens: 800));
        var engine = new FakeEngine(cold.Answer) { CheckReplay = false };
        cold.Before = _ => engine.Evict();
        await engine.RunAsync(Policy(steps: 4, tokens: 800));

        Assert.Equal(hot.Calls.Select(c => c.ToJson()), cold.Calls.Select(c => c.ToJson()));
    }

    [Fact]
    public void A_cut_survives_its_text_form_and_an_unknown_operation_is_refused()
    {
        var call = new ModelCallInput { Previous = 7, Step = 3, Appended = [new ViewItem.Stored(12)], Hidden = [5], Cut = new ViewCut(9, [3, 4]) };
        Assert.Equal("""{"v":1,"p":7,"n":3,"a":[12],"o":[{"hide":[5]},{"discard":9,"keep":[3,4]}]}""", call.ToJson());
        var read = ModelCallInput.Parse(call.ToJson());
        Assert.Equal((9, "3,4", "5"), (read.Cut!.Before, string.Join(',', read.Cut.Keep), string.Join(',', read.Hidden)));
        Assert.Throws<FormatException>(() => ModelCallInput.Parse("""{"v":1,"n":3,"a":[12],"o":[{"fold":[5]}]}"""));
    }

    [Fact]
    public void A_call_that_is_made_again_takes_its_cut_back()
    {
        var fold = new ViewFold();
        fold.Apply(0, new ModelCallInput { Step = 1, Appended = [new ViewItem.Stored(0), new ViewItem.Stored(1), new ViewItem.Stored(2)] });
        fold.Apply(1, new ModelCallInput { Previous = 0, Step = 2, Appended = [new ViewItem.Stored(3)], Cut = new ViewCut(3, [1]) });
        Assert.Equal([0, 1, 3], fold.Shown);
        Assert.True(fold.ReturnTo(0));
        Assert.Equal([0, 1, 2], fold.Shown);
        Assert.False(fold.IsCut);
    }
}
