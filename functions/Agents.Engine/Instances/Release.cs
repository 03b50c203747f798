using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>The commit with which an owner lets an unfinished instance go.</summary>
internal static class Release
{
    /// <summary><paramref name="wake"/>: when any node should look at it if no message comes; null: only a message wakes it.</summary>
    public static async Task<StepResult> WriteAsync(NodeServices node, HotInstance hot, DateTimeOffset? wake, DateTimeOffset now)
    {
        var outcome = await node.Committer.SubmitAsync(new InstanceCommit
        {
            InstanceKey = hot.Record.Key,
            ExecutionKey = hot.Record.Execution.Key,
            OwnerEpoch = hot.Record.OwnerEpoch,
            ExpectedSequence = hot.State.NextSequence,
            CommitId = node.NewCommitId(),
            Now = now,
            Wake = new WakeChange(wake),
            Release = true,
        });
        if (outcome is not WriteOutcome.Committed)
        {
            // Not written: it still names this node as its owner, and no sweep of this node would look for it.
            return StepResult.Fenced.Out;
        }

        if (hot.Draining && wake <= now)
        {
            return StepResult.HandedOn.Now;
        }

        if (wake is { } at)
        {
            node.Schedule(at);
        }

        return StepResult.Over.Done;
    }
}
