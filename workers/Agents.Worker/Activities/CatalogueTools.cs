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
        };
        return (await runner.RunAsync(work.Run, request, cancel)).ToActivityOutcome();
    };
}
