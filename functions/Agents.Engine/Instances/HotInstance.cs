using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Work;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>What an owner holds of an instance while it is hot. Touched only by its actor.</summary>
internal sealed class HotInstance
{
    Share? _share;

    public required InstanceRecord Record { get; init; }

    public required InstanceState State { get; init; }

    /// <summary>
    /// Status on the instance row. A fork or rewind begins with history it did not write: its row does not know yet
    /// that the run was going on, or suspended, at the cut.
    /// </summary>
    public required Contracts.Instances.OrchestrationStatus StoredStatus { get; set; }

    public required IReadOnlyList<IdentitySeed> Seeds { get; init; }

    public required OrchestratorMatch Match { get; init; }

    /// <summary>Committed history for the first turn; given away then.</summary>
    public List<SequencedEvent>? Past { get; set; }

    public IOrchestratorSession? Session { get; set; }

    /// <summary>The code of this instance is with connected workers.</summary>
    public bool IsRemote { get; init; }

    /// <summary>Its activities are theirs too: nothing of them is here but their result.</summary>
    public bool OffersActivities { get; init; }

    public IRemoteSession? Remote { get; set; }

    /// <summary>Tasks whose results come by the inbox: handed to connected workers, or kept there because no turn could be had.</summary>
    public HashSet<int> Offered { get; } = [];

    /// <summary>Whose its activities are, where they wait for a slot.</summary>
    public Share Share => _share ??= Share.Of(Record.InstanceId, State.Start?.Tags);

    public Dictionary<int, RunningActivity> InFlight { get; } = [];

    /// <summary>Where its tasks stand in queues; the actor sets it.</summary>
    public Queues.Places Places { get; set; } = null!;

    /// <summary>Entries known to matter: of earlier generations, and of open tasks.</summary>
    public Dictionary<string, LedgerEntry> Ledger { get; } = [];

    /// <summary>AtMostOnce tasks whose next attempt needs an intent first.</summary>
    public HashSet<int> NeedsIntent { get; } = [];

    /// <summary>Tasks whose intent this owner wrote and whose attempt has not begun.</summary>
    public HashSet<int> FreshIntents { get; } = [];

    /// <summary>Monotonic time from before the commit of a task's intent; its start deadline counts from there.</summary>
    public Dictionary<int, long> IntentMadeAt { get; } = [];

    /// <summary>Tasks in doubt that wait for a person.</summary>
    public HashSet<int> InDoubt { get; } = [];

    /// <summary>Tasks of which an attempt of this owner showed text that was taken back.</summary>
    public HashSet<int> TakenBack { get; } = [];

    /// <summary>
    /// This owner has read everything that waited when it came: results of open tasks may have been among it (what a fork or
    /// rewind keeps, what an earlier owner's attempts came to). Before that no task is taken for one without a result.
    /// </summary>
    public bool InboxSeen { get; set; }

    /// <summary>Nothing new starts, and the instance is given up when nothing runs any more: the host stops, or another node takes it.</summary>
    public bool Draining { get; set; }

    /// <summary>To be given up at the next moment at which nothing of it runs; until then it goes on as ever.</summary>
    public bool Leaving { get; set; }

    public long SessionBytes { get; set; }

    long _deltaAfter = -1;
    int _deltaRow;

    public string ExecutionId => Record.Execution.ExecutionId;

    public int Generation => Record.Execution.Generation;

    /// <summary>Next row number behind the event before <paramref name="nextSequence"/>.</summary>
    public int NextDeltaRow(long nextSequence)
    {
        if (_deltaAfter != nextSequence - 1)
        {
            _deltaAfter = nextSequence - 1;
            _deltaRow = 0;
        }

        return ++_deltaRow;
    }

    /// <summary>Rows an earlier owner left behind the last event: numbering goes on after them.</summary>
    public void DeltasStandAt(long after, int row) => (_deltaAfter, _deltaRow) = (after, row);
}
