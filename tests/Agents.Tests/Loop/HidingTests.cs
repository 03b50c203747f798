using System.Text;
using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Loop;
using Agents.Loop.View;
using Xunit;
using static Agents.Tests.Loop.LoopScript;

namespace Agents.Tests.Loop;

public sealed class HidingTests
{
    const int ResultTokens = 1_000;
    static readonly string s_result = new('x', ResultTokens * 3);

    // A model that counts what it is shown, as a server would: base, plus what is visible.
    static LoopScript Counting(int steps, long perResult, string tool = "read", Func<int, string>? toolOf = null)
    {
        var fold = new ViewFold();
        var taskId = 0;
        return new LoopScript
        {
            Model = (n, call) =>
            {
                fold.Apply(taskId = n, call with { Previous = fold.LastCall });
                var visible = fold.Items.OfType<ViewItem.Stored>().Count(i => !fold.IsHidden(i.Sequence)) / 2;
                var usage = new TokenUsage(100 + (visible * perResult), 0, 0, 10);
                return n < steps ? Asks(usage, Call(toolOf?.Invoke(n) ?? tool)) : Says("done", usage);
            },
            Tool = _ => Result(s_result),
        };
    }

    static RunInput Policy(ContextPolicy policy, params ToolSpec[] tools) =>
        Input(tools.Length > 0 ? tools : [Spec("read")]) with { Context = policy };

    [Fact]
    public async Task Oldest_results_are_hidden_first_in_big_bites_and_the_last_ones_stay()
    {
        var script = Counting(40, ResultTokens);
        var engine = new FakeEngine(script.Answer);
        await engine.RunAsync(Policy(new ContextPolicy { TriggerTokens = 10_000, ClearAtLeast = 5_000, KeepLast = 3 }));

        var results = engine.History.Where(e => e.Event is TaskCompleted t
            && engine.Scheduled(AgentRun.RunTool).Any(s => s.EventId == t.TaskScheduledId)).Select(e => e.Sequence).ToList();
        var hidden = script.Calls.SelectMany(c => c.Hidden).ToList();
        Assert.Equal(results.Take(hidden.Count), hidden);
        Assert.All(script.Calls.Where(c => c.Hidden.Count > 0), c => Assert.True(c.Hidden.Count >= 5));
        Assert.InRange(script.Calls.Count(c => c.Hidden.Count > 0), 4, 8);
        foreach (var call in script.Calls.Where(c => c.Hidden.Count > 0))
        {
            var before = results.Where(r => r <= call.Appended.OfType<ViewItem.Stored>().Max(i => i.Sequence)).ToList();
            Assert.Empty(call.Hidden.Intersect(before.TakeLast(3)));
        }
    }

    [Fact]
    public async Task Excluded_tools_are_never_hidden()
    {
        var script = Counting(30, ResultTokens, toolOf: n => n % 2 == 0 ? "read" : "notes");
        var engine = new FakeEngine(script.Answer);
        await engine.RunAsync(Policy(
            new ContextPolicy { TriggerTokens = 8_000, ClearAtLeast = 2_000, KeepLast = 1, Exclude = ["notes"] },
            Spec("read"), Spec("notes")));

        var hidden = script.Calls.SelectMany(c => c.Hidden).ToList();
        Assert.NotEmpty(hidden);
        var position = engine.History.Where(e => e.Event is TaskCompleted).Select(e => e.Sequence).ToList();
        // Completions alternate model, tool; the tool of step n is at place 2n+1, and odd steps are "notes".
        Assert.All(hidden, h => Assert.Equal(0, (position.IndexOf(h) - 1) / 2 % 2));
    }

    [Fact]
    public async Task Results_the_model_has_not_read_are_not_hidden()
    {
        ToolCall[] many = [.. Enumerable.Range(0, 12).Select(i => Call("read", index: i))];
        var script = new LoopScript
        {
            Model = (n, _) => n == 0 ? Asks(new TokenUsage(100, 0, 0, 10), many)
                : Says("done", new TokenUsage(13_000, 0, 0, 10)),
            Tool = _ => Result(s_result),
        };
        await new FakeEngine(script.Answer).RunAsync(
            Policy(new ContextPolicy { TriggerTokens = 5_000, ClearAtLeast = 1_000, KeepLast = 2 }));

        Assert.Empty(script.Calls[1].Hidden);
    }

    [Fact]
    public async Task Too_small_a_bite_is_not_taken_below_the_window()
    {
        var script = Counting(8, ResultTokens);
        await new FakeEngine(script.Answer).RunAsync(
            Policy(new ContextPolicy { TriggerTokens = 4_000, ClearAtLeast = 50_000, KeepLast = 1 }));

        Assert.All(script.Calls, c => Assert.Empty(c.Hidden));
    }

    [Fact]
    public async Task At_the_edge_of_the_window_everything_that_may_go_goes()
    {
        var script = Counting(12, ResultTokens);
        var input = Policy(new ContextPolicy { ClearAtLeast = 50_000, KeepLast = 1 });
        await new FakeEngine(script.Answer).RunAsync(input with
        {
            Model = input.Model with { ContextTokens = 10_000, OutputTokensMax = 1_000 },
        });

        var first = script.Calls.First(c => c.Hidden.Count > 0);
        Assert.Equal(first.Step - 2, first.Hidden.Count);
    }

    [Fact]
    public async Task An_overflow_hides_once_and_calls_again_with_the_same_items()
    {
        var script = new LoopScript
        {
            Model = (n, call) => n switch
            {
                < 6 => Asks(Call("read")),
                6 => Fails(ModelErrorKind.ContextOverflow),
                _ => Says("done"),
            },
            Tool = _ => Result(s_result),
        };
        var output = await new FakeEngine(script.Answer).RunAsync(Policy(new ContextPolicy { KeepLast = 2 }));

        Assert.Equal(StopReasons.Answer, output.StopReason);
        Assert.Empty(script.Calls[6].Hidden);
        Assert.Equal(4, script.Calls[7].Hidden.Count);
        Assert.Equal(script.Calls[6].Appended, script.Calls[7].Appended);
        Assert.Equal(script.Calls[6].Previous, script.Calls[7].Previous);
    }

    [Fact]
    public async Task A_second_overflow_ends_the_run()
    {
        var script = new LoopScript
        {
            Model = (n, _) => n < 4 ? Asks(Call("read")) : Fails(ModelErrorKind.ContextOverflow),
            Tool = _ => Result(s_result),
        };
        var output = await new FakeEngine(script.Answer).RunAsync(Policy(new ContextPolicy { KeepLast = 1 }));

        Assert.Equal(StopReasons.ContextOverflow, output.StopReason);
        Assert.Equal(6, script.Calls.Count);
    }

    [Fact]
    public async Task Input_size_does_not_grow_with_the_step()
    {
        var script = Counting(302, 10);
        var engine = new FakeEngine(script.Answer) { CheckReplay = false };
        await engine.RunAsync(Policy(new ContextPolicy()) with { Limits = new RunLimits { Steps = 400 } });

        int Bytes(int step) => Encoding.UTF8.GetByteCount(engine.Scheduled(AgentRun.CallModel).ElementAt(step - 1).Input!);
        Assert.InRange(Bytes(10), 20, 40);
        // Only the digits of step, task id and sequences may add.
        Assert.InRange(Bytes(300) - Bytes(10), 0, 8);
        var tools = engine.Scheduled(AgentRun.RunTool).Select(t => t.Input!.Length).ToList();
        Assert.InRange(tools[^1] - tools[0], 0, 4);
    }

    [Fact]
    public async Task A_run_evicted_at_every_step_makes_the_same_calls()
    {
        var hot = Counting(30, ResultTokens);
        var cold = Counting(30, ResultTokens);
        var input = Policy(new ContextPolicy { TriggerTokens = 8_000, ClearAtLeast = 3_000 }, Spec("read", EffectClass.Idempotent));
        await new FakeEngine(hot.Answer) { CheckReplay = false }.RunAsync(input);
        var engine = new FakeEngine(cold.Answer) { CheckReplay = false };
        cold.Before = _ => engine.Evict();
        await engine.RunAsync(input);

        Assert.Equal(hot.Calls.Select(c => c.ToJson()), cold.Calls.Select(c => c.ToJson()));
        Assert.Equal(hot.Tools.Select(t => t.Effect!.Key), cold.Tools.Select(t => t.Effect!.Key));
    }
}
