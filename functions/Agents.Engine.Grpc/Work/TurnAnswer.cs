using Actions = Agents.Contracts.Actions;
using Agents.Contracts.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Nouns = Agents.Contracts.Instances;

namespace Agents.Engine.Grpc.Work;

/// <summary>Reads what a worker answered to a turn.</summary>
internal static class TurnAnswer
{
    /// <summary>
    /// Throws <see cref="WireException"/> for an answer that means nothing. What was asked for in an earlier turn is left out.
    /// </summary>
    public static OrchestratorTurn Read(
        OrchestratorResponse response, IReadOnlyList<Protocol.OrchestratorAction> wire, RemoteSession session)
    {
        if (response.Divergence is { } d && session.IsAgentWork)
        {
            return new OrchestratorTurn([], null, new Divergence(d.Sequence, d.Event, d.Expected, d.Actual));
        }

        if (wire.Any(a => a.OrchestratorActionTypeCase == Protocol.OrchestratorAction.OrchestratorActionTypeOneofCase.SendEntityMessage))
        {
            return new OrchestratorTurn([Refused(wire)], response.CustomStatus, null);
        }

        var actions = wire.Select(a => ActionWire.FromWire(a, session.IsAgentWork))
            .Where(a => a is Actions.CompleteOrchestrationAction || !session.HasAsked(a.Id)).ToList();
        var ids = new HashSet<int>();
        foreach (var action in actions)
        {
            if (action is not (Actions.CompleteOrchestrationAction or Actions.TerminateOrchestrationAction) && !ids.Add(action.Id))
            {
                throw new WireException($"action {action.Id} comes twice in one completion");
            }
        }

        if (actions.OfType<Actions.CompleteOrchestrationAction>().Count() > 1)
        {
            throw new WireException("the completion ends the orchestration twice");
        }

        var span = TraceWire.SpanFromBytes(response.OrchestrationTraceContext);
        return new OrchestratorTurn(actions, response.CustomStatus, null) { Span = span == session.Span ? null : span };
    }

    static Actions.CompleteOrchestrationAction Refused(IReadOnlyList<Protocol.OrchestratorAction> wire) => new()
    {
        Id = wire.Max(a => a.Id) + 1,
        Status = Nouns.OrchestrationStatus.Failed,
        Failure = new Nouns.FailureDetails(
            "EntitiesNotSupported", "This service has no entities; the orchestration sent a message to one.", IsNonRetriable: true),
    };
}
