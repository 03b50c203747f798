using Agents.Contracts.Work;
using Agents.Engine.Live;
using Agents.Engine.Nodes;
using Agents.Engine.Store;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Work;

/// <summary>What every actor of a node shares.</summary>
internal sealed class NodeServices
{
    public required IEngineStore Store { get; init; }

    public required IMembership Membership { get; init; }

    public required Committer Committer { get; init; }

    public required IOrchestratorHost Orchestrators { get; init; }

    public required IActivityHost Activities { get; init; }

    /// <summary>Connected workers; null where this node takes none.</summary>
    public IRemoteWork? Remote { get; init; }

    public required EngineOptions Options { get; init; }

    public required EngineEnvironment Environment { get; init; }

    public required IHistorySource History { get; init; }

    public required ActivitySlots Slots { get; init; }

    public required ActivitySlots Loads { get; init; }

    public required Queues.QueueGate Queues { get; init; }

    /// <summary>Effects that attempts of this process are about, whoever owns their runs by now.</summary>
    public LiveAttempts Attempts { get; } = new();

    public required LiveHub Live { get; init; }

    /// <summary>Something comes due at that time that nobody owns.</summary>
    public required Action<DateTimeOffset> Schedule { get; init; }

    /// <summary>Whoever owns the instance, or is to, looks at it.</summary>
    public required Action<string> Wake { get; init; }

    /// <summary>The same, for what must not wait until a turn that is with a worker comes back.</summary>
    public required Action<string> WakeUrgently { get; init; }

    /// <summary>An actor has closed; only that very actor may be taken out of the table.</summary>
    public required Action<Instances.InstanceActor> Closed { get; init; }

    /// <summary>Hot bytes changed by this much.</summary>
    public required Action<long> HotBytesChanged { get; init; }

    public TimeProvider Clock => Environment.Clock;

    public ILogger Log => Environment.Log;

    public string NewToken() => Environment.Ids.NextGuid().ToString("N");

    public long NewCommitId() => BitConverter.ToInt64(Environment.Ids.NextGuid().ToByteArray());
}
