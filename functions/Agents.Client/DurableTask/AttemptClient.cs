using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Protocol.Mapping;
using Wire = Agents.Protocol;

namespace Agents.Client.DurableTask;

/// <summary>
/// What a worker of agent runs asks the engine while it has an attempt: the ledger's word, a place for text, and committed
/// history. Calls throw RpcException.
/// </summary>
public sealed class AttemptClient : IHistorySource
{
    static readonly TimeSpan s_mayActWithin = TimeSpan.FromSeconds(10);

    readonly TaskHubConnection _connection;
    readonly Wire.AgentWork.AgentWorkClient _stub;

    internal AttemptClient(TaskHubConnection connection, Wire.AgentWork.AgentWorkClient stub)
    {
        _connection = connection;
        _stub = stub;
    }

    /// <summary>
    /// Whether the attempt may act now. Waits for the answer, for a bounded time: it is asked right before the effect, by
    /// code that does not go on without it.
    /// </summary>
    public bool MayAct(string token, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(s_mayActWithin);
        return _stub.MayAct(new Wire.MayActRequest { CompletionToken = token }, _connection.Options(patience.Token)).May;
    }

    /// <summary>Adds text; <paramref name="first"/> numbers its first piece within the attempt, from 0.</summary>
    public async Task PublishAsync(string token, long first, IReadOnlyList<StreamDelta> pieces, CancellationToken cancel)
    {
        var request = new Wire.PublishRequest { CompletionToken = token, First = first };
        request.Pieces.Add(pieces.Select(p => new Wire.StreamPiece { Kind = p.Kind, Text = p.Text, Tokens = p.Tokens }));
        await _stub.PublishAsync(request, _connection.Options(cancel));
    }

    /// <summary>Returns once the outcome is committed, kept as evidence, or means nothing any more.</summary>
    public async Task SettleAsync(TakenAttempt item, ActivityOutcome outcome, CancellationToken cancel) =>
        await _stub.SettleAsync(AttemptWire.Settle(item.Work, item.Token, outcome), _connection.Options(cancel));

    public async ValueTask<IReadOnlyList<SequencedEvent>> ReadAsync(
        InstanceId instance, int generation, long fromSequence, int max, CancellationToken cancel)
    {
        var request = new Wire.ReadEventsRequest { InstanceId = instance, Generation = generation, From = fromSequence, Max = max };
        var page = await _stub.ReadEventsAsync(request, _connection.Options(cancel));
        return [.. page.Events.Select((e, i) => new SequencedEvent(fromSequence + i, HistoryFromWire.Read(e)))];
    }
}
