using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Engine.History;
using Agents.Engine.Store;
using Agents.Simulation.Faults;

namespace Agents.Simulation.Bugs;

/// <summary>A mistake in what an owner writes.</summary>
abstract class CommitBug : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link, this);

    protected abstract StoreWrite Change(StoreWrite write);

    sealed class Link(IEngineStore inner, CommitBug bug) : StoreDecorator(inner)
    {
        public override Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel) =>
            Inner.Writes.WriteAsync([.. batch.Select(bug.Change)], cancel);
    }
}

/// <summary>A result is committed, its receipt is not.</summary>
sealed class ReceiptDropped : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceCommit commit
        ? commit with { Ledger = [.. commit.Ledger.Where(l => l.Entry.State != LedgerState.Receipt)] }
        : write;
}

/// <summary>The intent of an attempt is never written.</summary>
sealed class IntentOmitted : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceCommit commit
        ? commit with { Ledger = [.. commit.Ledger.Where(l => l.Entry.State != LedgerState.Intent)] }
        : write;
}

/// <summary>What an attempt that broke off had shown stays shown.</summary>
sealed class RetractOmitted : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceCommit commit
        ? commit with { Deltas = [.. commit.Deltas.Where(d => d.Kind != "retract")] }
        : write;
}

/// <summary>Timers live in the memory of the owner alone: whoever gives an instance up writes no wake time.</summary>
sealed class TimersInMemoryOnly : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceCommit { Wake: not null } commit
        ? commit with { Wake = new WakeChange(null) }
        : write;
}

/// <summary>The next generation begins without the events that nobody had waited for yet.</summary>
sealed class CarriedEventsDropped : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceCommit { Next: { } next } commit
        ? commit with { Next = next with { Inbox = [next.Inbox[0]] } }
        : write;
}

/// <summary>Ending a run with all that is below it ends the run alone.</summary>
sealed class TerminateNotRecursive : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceCommit { Sends.Count: > 0 } commit
        ? commit with { Sends = [.. commit.Sends.Where(s => HistoryCodec.DecodeOne(s.Message.Body, null, []) is not ExecutionTerminated)] }
        : write;
}

/// <summary>Messages to others are sent behind the commit, by whoever still lives then.</summary>
sealed class SendsOutsideTheCommit : SeededBug
{
    public override IEngineStore AtNode(IEngineStore link) => new Link(link);

    sealed class Link(IEngineStore inner) : StoreDecorator(inner)
    {
        public override async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IReadOnlyList<StoreWrite> batch, CancellationToken cancel)
        {
            var outcomes = await Inner.Writes.WriteAsync(
                [.. batch.Select(w => w is InstanceCommit c ? c with { Sends = [] } : w)], cancel);
            StoreWrite[] sends = [.. batch.OfType<InstanceCommit>().SelectMany(c => c.Sends)];
            if (sends.Length > 0)
            {
                await Inner.Writes.WriteAsync(sends, cancel);
            }

            return outcomes;
        }
    }
}

/// <summary>A parent does not hear that the id of its child is taken.</summary>
sealed class ClashNotTold : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceCommit { Starts.Count: > 0 } commit
        ? commit with { Starts = [.. commit.Starts.Select(s => s with { OnClash = null })] }
        : write;
}

/// <summary>A fork's payloads are looked for in a lineage of its own.</summary>
sealed class ForkInALineageOfItsOwn : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceStart { Cut: not null } start
        ? start with { LineageKey = null }
        : write;
}

/// <summary>A start that was delivered again replaces the run it had started once that is finished.</summary>
sealed class RedeliveryReplaces : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InstanceStart { Cut: null } start
        ? start with { ReplaceTerminal = true }
        : write;
}

/// <summary>Late evidence is sent to the run as the result of whatever task has that number now.</summary>
sealed class StaleCompletionAccepted : CommitBug
{
    protected override StoreWrite Change(StoreWrite write) => write is InboxSend { Message.Kind: InboxKind.EffectResolution } send
        && System.Text.Json.JsonSerializer.Deserialize(send.Message.Body.Span, Contracts.ContractsJson.Default.EffectResolution) is
        { By: EffectResolution.Executor, Verdict: EffectVerdict.Happened } word
        && Site.Store.State.Ledger.TryGetValue(word.Key, out var entry)
        ? send with
        {
            Message = new InboxMessage(
                InboxKind.HistoryEvent,
                HistoryCodec.EncodeOne(new TaskCompleted { TaskScheduledId = entry.Entry.TaskId, Result = word.Result })),
        }
        : write;
}
