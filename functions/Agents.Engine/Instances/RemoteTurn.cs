using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>A turn whose code runs in another process: it is out until a worker answers or it is taken back.</summary>
internal sealed class RemoteTurn(NodeServices node, InstanceActor actor, HotInstance hot)
{
    IRemoteTurn? _turn;

    /// <summary>Null: taken back before it was answered; nothing has happened.</summary>
    public async Task<OrchestratorTurn?> AskAsync(List<HistoryEvent> events)
    {
        hot.Remote ??= node.Remote!.Open(new RemoteExecution(
            new InstanceId(hot.Record.InstanceId), new ExecutionId(hot.ExecutionId), hot.Generation, hot.Record.Name,
            hot.Record.Version)
        {
            Seeds = hot.Seeds,
        });
        var past = hot.Past ?? [];
        hot.Past = null;
        _turn = hot.Remote.Begin(past, events);
        actor.TurnIsOut(_turn);
        try
        {
            return await _turn.Answer;
        }
        finally
        {
            actor.TurnIsOut(null);
        }
    }

    /// <summary>Tells the session and the worker what was written.</summary>
    public static void Committed(HotInstance hot, RemoteTurn? turn, IReadOnlyList<HistoryEvent> events)
    {
        hot.Remote?.Committed(events);
        turn?._turn?.Settle(committed: true);
    }

    public void Refused() => _turn?.Settle(committed: false);
}
