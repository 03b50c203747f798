using Agents.Contracts.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;
using Nouns = Agents.Contracts.History;

namespace Agents.Engine.Grpc.Work;

/// <summary>One execution whose code is with workers: what it has been told, ready to be told again.</summary>
internal sealed class RemoteSession(WorkBroker broker, RemoteExecution execution) : IRemoteSession
{
    /// <summary>Memory of an event besides its text.</summary>
    const int EventOverhead = 320;

    readonly HashSet<int> _asked = [];
    List<HistoryEvent>? _events = [];
    OrchestrationItem? _out;
    long _count;
    long _bytes;

    public WorkBroker Broker => broker;

    public RemoteExecution Execution => execution;

    /// <summary>What history has of the execution's span, as its workers named it: all its turns share it.</summary>
    public Agents.Contracts.Instances.OrchestrationSpan? Span { get; private set; }

    public long ApproximateBytes => 1_024 + (16 * _asked.Count) + (_events is null ? 0 : (2 * _bytes) + (EventOverhead * _count));

    public PastEvents Past() => new(execution, _events?.ToArray(), _count, _bytes, broker.History);

    public IRemoteTurn Begin(IReadOnlyList<Nouns.SequencedEvent> past, IReadOnlyList<Nouns.HistoryEvent> fresh)
    {
        Keep(past.Select(e => e.Event));
        _out = new OrchestrationItem(this, [.. fresh.Select(e => HistoryWire.ToWire(e, execution.ExecutionId))]);
        broker.Add(_out);
        return _out;
    }

    public void Committed(IReadOnlyList<Nouns.HistoryEvent> events) => Keep(events);

    /// <summary>
    /// Whether history has an action of that id already. A suspended worker puts events aside and asks again for what it
    /// has asked for, because it has not seen that it was heard.
    /// </summary>
    public bool HasAsked(int id) => _asked.Contains(id);

    void Keep(IEnumerable<Nouns.HistoryEvent> events)
    {
        foreach (var e in events)
        {
            Span = (e as Nouns.OrchestratorStarted)?.Span ?? Span;
            var wire = HistoryWire.ToWire(e, execution.ExecutionId);
            _count++;
            _bytes += wire.CalculateSize();
            _events?.Add(wire);
            if (wire.EventId >= 0)
            {
                _asked.Add(wire.EventId);
            }
        }

        if (_bytes > broker.Options.InlineHistoryBytesMax)
        {
            _events = null;
        }
    }

    public void Dispose()
    {
        _out?.Withdraw();
        _out?.Settle(committed: false);
    }
}
