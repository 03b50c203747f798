using Agents.Contracts.History;
using Agents.Contracts.Work;
using Agents.Replay.Session;

namespace Agents.Replay;

/// <summary>Runs an execution again on its whole committed history, offline: nothing is started or written.</summary>
public static class HistoryReplay
{
    /// <summary>
    /// Reports the first divergence, or that there is none. A history without its ExecutionStarted throws (AG2003).
    /// </summary>
    public static ReplayReport Check(
        OrchestratorHost host, OrchestratorIdentity identity, IReadOnlyList<SequencedEvent> history)
    {
        var divergence = CodeMissing(host, history);
        if (divergence is null)
        {
            using var session = new OrchestratorSession(host, identity, observer: null);
            var turn = session.Run(history, []);
            divergence = turn.Divergence ?? AskedTooMuch(turn, history);
        }

        return Count(history, divergence);
    }

    static Divergence? CodeMissing(OrchestratorHost host, IReadOnlyList<SequencedEvent> history)
    {
        var (sequence, e) = history.FirstOrDefault(static i => i.Event is ExecutionStarted);
        if (e is not ExecutionStarted start)
        {
            return null;
        }

        var match = host.Match(start.Name, start.Version);
        return match == OrchestratorMatch.Found ? null : new Divergence(
            sequence,
            nameof(ExecutionStarted),
            $"orchestrator '{start.Name}' version '{start.Version}'",
            match == OrchestratorMatch.UnknownName
                ? "no code of that name is registered"
                : "that version is not served here");
    }

    // The last turn was committed with all it asked for, so nothing may be left over.
    static Divergence? AskedTooMuch(OrchestratorTurn turn, IReadOnlyList<SequencedEvent> history) =>
        turn.Actions.Count == 0 ? null : new Divergence(
            history[^1].Sequence + 1, "end of history", "nothing more", ActionMatch.Describe(turn.Actions[0]));

    static ReplayReport Count(IReadOnlyList<SequencedEvent> history, Divergence? divergence)
    {
        var (turns, events, actions) = (0, 0, 0);
        foreach (var (sequence, e) in history)
        {
            if (sequence >= divergence?.Sequence)
            {
                break;
            }

            events++;
            turns += e is OrchestratorStarted ? 1 : 0;
            actions += e is TaskScheduled or TimerCreated or SubOrchestrationInstanceCreated or EventSent
                or ExecutionCompleted ? 1 : 0;
        }

        return new ReplayReport(turns, events, actions, divergence);
    }
}
