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
    long _bytes;

    public WorkBroker Broker => broker;

    public RemoteExecution Execution => execution;

    /// <summary>Its workers run the code as this program does: they are told all that is stored.</summary>
    public bool IsAgentWork { get; } = broker.IsAgentWork(execution.Name, execution.Version);

    /// <summary>What history has of the execution's span, as its workers named it: all its turns share it.</summary>
    public Agents.Contracts.Instances.OrchestrationSpan? Span { get; private set; }

    /// <summary>Committed events.</summary>
    public long Count { get; private set; }

    /// <summary>Key of the worker that answered the last turn and may keep the execution; null: nobody.</summary>
    public string? KeptBy
    {
        get => broker.KeeperOf(execution);
        set => broker.IsKept(execution, value);
    }

    public long ApproximateBytes => 1_024 + (16 * _asked.Count) + (_events is null ? 0 : (2 * _bytes) + (EventOverhead * Count));

    public PastEvents Past() => new(this, _events?.ToArray(), Count, _bytes, broker.History);

    public IRemoteTurn Begin(IReadOnlyList<Nouns.SequencedEvent> past, IReadOnlyList<Nouns.HistoryEvent> fresh)
    {
        Keep(past.Select(e => e.Event));
        _out = new OrchestrationItem(this, [.. fresh.Select(ToWire)]);
        broker.Add(_out);
        return _out;
    }

    public void Committed(IReadOnlyList<Nouns.HistoryEvent> events) => Keep(events);

    /// <summary>
    /// Whether history has an action of that id already. A suspended worker puts events aside and asks again for what it
    /// has asked for, because it has not seen that it was heard.
    /// </summary>
    public bool HasAsked(int id) => _asked.Contains(id);

    public HistoryEvent ToWire(Nouns.HistoryEvent e) =>
        IsAgentWork ? HistoryWire.ToOwnWire(e) : HistoryWire.ToWire(e, execution.ExecutionId);

    void Keep(IEnumerable<Nouns.HistoryEvent> events)
    {
        foreach (var e in events)
        {
            Span = (e as Nouns.OrchestratorStarted)?.Span ?? Span;
            var wire = ToWire(e);
            Count++;
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
        KeptBy = null;
        _out?.Withdraw();
        _out?.Settle(committed: false);
    }
}
