using Agents.Contracts.Instances;
using Agents.Replay;
using Agents.TestKit.Replay;
using Xunit;

namespace Agents.Tests.Replay;

/// <summary>Code that leaves the rules fails with a message that names them; nothing ever hangs.</summary>
public sealed class ThreadRuleTests
{
    [Fact]
    public void Waiting_for_nothing_durable_fails_at_once()
    {
        var engine = Programs.Started(_ => new TaskCompletionSource().Task);

        AssertRuleBroken(engine, "nothing that its context made");
        Assert.Null(engine.ReplayOn(_ => new TaskCompletionSource().Task));
    }

    [Fact]
    public async Task Coming_back_from_another_thread_fails_the_next_turn()
    {
        var foreign = new TaskCompletionSource();
        var engine = Programs.Started(async c =>
        {
            _ = c.WaitForExternalEventRaw("keeps it open");
            await foreign.Task;
        });
        Assert.Null(engine.Completion);
        await Task.Run(foreign.SetResult, TestContext.Current.CancellationToken);

        AssertRuleBroken(engine.Raise("anything"), "ended on another thread");
    }

    [Fact]
    public async Task The_context_refuses_other_threads()
    {
        OrchestrationContext? leaked = null;
        var engine = Programs.Started(c =>
        {
            leaked = c;
            return c.WaitForExternalEventRaw("go");
        });

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Task.Run(() => leaked!.CallActivityRawAsync("a", null), TestContext.Current.CancellationToken));

        Assert.StartsWith("AG2002", refused.Message, StringComparison.Ordinal);
        AssertRuleBroken(engine.Raise("go"), "from another thread");
    }

    [Fact]
    public void Blocking_throws_in_the_code_instead_of_holding_the_thread()
    {
        AssertRuleBroken(Programs.Started(c =>
        {
            c.CallActivityRawAsync("a", null).Wait();
            return Task.CompletedTask;
        }), "blocked its thread");
        AssertRuleBroken(
            Programs.Started(async c =>
            {
                await c.CallActivityRawAsync("a", null);
                return c.CallActivityRawAsync("b", null).Result.Value;
            }).Complete(0),
            "blocked its thread");
    }

    [Fact]
    public void Yielding_and_continuations_on_the_current_context_stay_inside()
    {
        var engine = Programs.Started(async c =>
        {
            await Task.Yield();
            var length = await c.CallActivityRawAsync("a", null).ContinueWith(
                t => t.Result.Value!.Length, TaskScheduler.FromCurrentSynchronizationContext());
            return $"{length}{(await c.CallActivityRawAsync("b", null)).Value}";
        });

        Assert.Equal("3!", engine.Complete(0, "abc").Complete(1, "!").Completion!.Result);
    }

    [Fact]
    public void A_continuation_on_the_thread_pool_breaks_the_rule() => AssertRuleBroken(
        Programs.Started(c => c.CallActivityRawAsync("a", null).ContinueWith(t => t, TaskScheduler.Default)).Complete(0),
        "AG2002");

    [Fact]
    public void The_callers_synchronization_context_is_left_as_it_was()
    {
        var before = SynchronizationContext.Current;

        Programs.Started(c => c.CallActivityRawAsync("a", null));

        Assert.Same(before, SynchronizationContext.Current);
    }

    static void AssertRuleBroken(FakeEngine engine, string what)
    {
        Assert.Equal(OrchestrationStatus.Failed, engine.Completion?.Status);
        Assert.Equal("OrchestratorRuleBroken", engine.Completion!.Failure!.ErrorType);
        Assert.StartsWith("AG2002", engine.Completion.Failure.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains(what, engine.Completion.Failure.ErrorMessage, StringComparison.Ordinal);
    }
}
