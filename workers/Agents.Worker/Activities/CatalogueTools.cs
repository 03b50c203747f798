using Agents.Contracts.Work;
using Agents.Tools;
using Agents.Tools.Running;

namespace Agents.Worker.Activities;

/// <summary>Tool calls run by the tool catalogue.</summary>
public static class CatalogueTools
{
    public static ToolRunning By(ToolRunner runner) => async (work, cancel) =>
    {
        var request = new ToolRequest
        {
            RunId = work.Item.InstanceId.Value,
            Call = work.Call,
            Key = work.Key,
            AttemptToken = work.Item.AttemptToken,
            Attempt = work.Item.Attempt,
            Mode = work.Item.Mode,
            PredecessorGone = work.Item.PredecessorGone,
            MayAct = work.MayAct,
            Place = PlaceOf(work),
            Inherited = work.Inherited,
        };
        return (await runner.RunAsync(work.Run, request, cancel)).ToActivityOutcome();
    };

    static ToolPlace PlaceOf(ToolWork work) => new()
    {
        ExecutionId = work.Item.ExecutionId,
        TaskId = work.Item.TaskId,
        Trace = work.Item.Trace,
        IsHeld = () => work.Context.IsHeld,
        GoElsewhere = work.Context.GoElsewhere,
        Settled = work.Context.Settled,
        Waits = why => work.Context.Publish(why is null
            ? new StreamDelta(StreamDelta.Retract, "", 0)
            : new StreamDelta(StreamDelta.Waiting, why, 0)),
    };
}
