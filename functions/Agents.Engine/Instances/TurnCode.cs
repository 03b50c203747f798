using Agents.Contracts.Actions;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>Runs orchestrator code for a turn, or ends the instance itself where no code can.</summary>
internal sealed class TurnCode(NodeServices node, HotInstance hot)
{
    public IReadOnlyList<OrchestratorAction> Run(
        List<HistoryEvent> events, bool started, out string? customStatus, out Divergence? divergence)
    {
        customStatus = null;
        divergence = null;
        if (ServerSide(events, started) is { } completion)
        {
            return [completion];
        }

        var first = hot.State.NextSequence;
        var fresh = new SequencedEvent[events.Count];
        for (var i = 0; i < fresh.Length; i++)
        {
            fresh[i] = new SequencedEvent(first + i, events[i]);
        }

        hot.Session ??= node.Orchestrators.Open(new OrchestratorIdentity(
            new InstanceId(hot.Record.InstanceId), new ExecutionId(hot.ExecutionId), hot.Generation, hot.Seeds));
        var past = hot.Past ?? [];
        hot.Past = null;
        var turn = hot.Session.Run(past, fresh);
        customStatus = turn.CustomStatus;
        divergence = turn.Divergence;
        return turn.Actions;
    }

    /// <summary>What needs no code: an end before code began, or with code out of reach, and a start nobody can run.</summary>
    public CompleteOrchestrationAction? ServerSide(List<HistoryEvent> events, bool started)
    {
        var terminated = events.OfType<ExecutionTerminated>().FirstOrDefault();
        if (terminated is not null && (!started || hot.IsRemote || hot.Match != OrchestratorMatch.Found))
        {
            return new CompleteOrchestrationAction
            {
                Id = int.MaxValue, Status = OrchestrationStatus.Terminated, Result = terminated.Input,
            };
        }

        return hot.Match switch
        {
            OrchestratorMatch.UnknownName => Failed(
                "OrchestratorTaskNotFound", $"No orchestrator named '{hot.Record.Name}' is registered here."),
            OrchestratorMatch.VersionRefused => Failed(
                "VersionMismatch", $"Version '{hot.Record.Version}' of '{hot.Record.Name}' is not served here."),
            _ => null,
        };
    }

    static CompleteOrchestrationAction Failed(string type, string message) => new()
    {
        Id = int.MaxValue,
        Status = OrchestrationStatus.Failed,
        Failure = new FailureDetails(type, message, IsNonRetriable: true),
    };
}
