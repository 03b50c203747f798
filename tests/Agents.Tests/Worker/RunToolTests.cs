using Agents.Contracts.Effects;
using Agents.Contracts.Work;
using Agents.Loop;
using Agents.Loop.Calls;
using Agents.Tests.Loop;
using Agents.Worker.Activities;
using Xunit;
using static Agents.Tests.Worker.ModelHandler;

namespace Agents.Tests.Worker;

public sealed class RunToolTests
{
    static async Task<WorkerRig> Rig(Func<ToolWork, ActivityOutcome>? tools = null)
    {
        var rig = new WorkerRig(n => n == 0 ? Calls("r", ("send", """{"to": "a"}"""), ("read", """{"b":1}""")) : Answer("ok"), tools);
        await rig.Engine.RunAsync(LoopScript.Input(
            LoopScript.Spec("send", EffectClass.AtMostOnce), LoopScript.Spec("read")));
        return rig;
    }

    [Fact]
    public async Task The_tool_sees_the_call_as_the_model_wrote_it_under_the_key_of_the_ledger()
    {
        var rig = await Rig();
        var (send, read) = (rig.ToolRequests[0], rig.ToolRequests[1]);

        Assert.Equal(("send", """{"to": "a"}"""), (send.Call.Name, send.Call.Arguments));
        Assert.Equal(IdempotencyKey.For("run-1", 1, 0, "send", """{"to": "a"}"""), send.Key);
        Assert.Equal("run-1", send.Item.InstanceId.Value);
        Assert.Matches("^[0-9a-f]{64}$", read.Key);
        Assert.NotEqual(send.Key, read.Key);
    }

    [Fact]
    public async Task Mode_attempt_and_permission_are_those_of_the_work_item()
    {
        var rig = await Rig();
        var item = rig.Ran.First(r => r.Item.Name == AgentRun.RunTool).Item with
        {
            Mode = ActivityMode.Reconcile,
            Attempt = 3,
            AttemptToken = "third",
            PredecessorGone = true,
        };
        var context = new FakeActivityContext(rig.Engine) { Permission = () => false };
        await rig.Worker.Activities.RunAsync(item, context, TestContext.Current.CancellationToken);

        var request = rig.ToolRequests[^1];
        Assert.Equal(
            (ActivityMode.Reconcile, 3, "third", true, false),
            (request.Item.Mode, request.Item.Attempt, request.Item.AttemptToken, request.Item.PredecessorGone, request.MayAct()));
    }

    [Fact]
    public async Task What_came_of_a_call_is_passed_on_as_it_is()
    {
        var rig = await Rig();
        var item = rig.Ran.First(r => r.Item.Name == AgentRun.RunTool).Item;
        ActivityOutcome[] outcomes =
        [
            new ActivityOutcome.NotStarted(), new ActivityOutcome.Absent("looked"), new ActivityOutcome.InDoubt("who knows"),
        ];
        foreach (var expected in outcomes)
        {
            rig.Tools = _ => expected;
            Assert.Same(expected, await rig.Worker.Activities.RunAsync(
                item, new FakeActivityContext(rig.Engine), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_call_that_cannot_be_read_is_a_failure_and_in_doubt_only_while_reconciling()
    {
        var rig = await Rig();
        var item = rig.Ran.First(r => r.Item.Name == AgentRun.RunTool).Item with { Input = "{\"v\":1,\"m\":9999,\"i\":0}" };
        var before = rig.ToolRequests.Count;
        var executed = await rig.Worker.Activities.RunAsync(
            item, new FakeActivityContext(rig.Engine), TestContext.Current.CancellationToken);
        var reconciled = await rig.Worker.Activities.RunAsync(
            item with { Mode = ActivityMode.Reconcile }, new FakeActivityContext(rig.Engine), TestContext.Current.CancellationToken);

        Assert.Contains("AG3004", Assert.IsType<ActivityOutcome.Failed>(executed).Failure.ErrorMessage);
        Assert.Contains("AG3004", Assert.IsType<ActivityOutcome.InDoubt>(reconciled).Why);
        Assert.Equal(before, rig.ToolRequests.Count);
    }
}
