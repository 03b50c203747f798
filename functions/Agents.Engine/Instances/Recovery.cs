using Agents.Contracts.Effects;
using Agents.Contracts.Work;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>
/// What a new owner does first: voids text of attempts that died, and sorts open tasks by what the ledger knows of them.
/// They begin when the step that follows has seen the inbox.
/// </summary>
internal sealed class Recovery(NodeServices node, HotInstance hot)
{
    /// <summary>False: the instance is not ours any more, or nobody can tell; load it again.</summary>
    public async Task<bool> BeginAsync()
    {
        if (hot.State.Tasks.Count == 0)
        {
            return true;
        }

        if (!await RetractAsync())
        {
            return false;
        }

        foreach (var task in hot.State.Tasks.Values.OrderBy(t => t.Sequence))
        {
            Sort(task);
        }

        return true;
    }

    void Sort(OpenTask task)
    {
        if (task.Scheduled.Effect is not { Class: EffectClass.AtMostOnce } effect)
        {
            return;
        }

        if (!hot.Ledger.TryGetValue(effect.Key, out var entry) || entry.State == LedgerState.Absent)
        {
            hot.NeedsIntent.Add(task.Scheduled.EventId);
        }
        else if (entry.State == LedgerState.InDoubt)
        {
            hot.InDoubt.Add(task.Scheduled.EventId);
        }
    }

    async Task<bool> RetractAsync()
    {
        var first = hot.State.Tasks.Values.Min(t => t.Sequence);
        var rows = new List<DeltaRow>();
        var shown = new Dictionary<(int Task, int Attempt), bool>();
        var (after, row) = (first - 1, 0);
        while (await node.Store.Owner.ReadDeltasAsync(
            hot.Record.Key, hot.Generation, after, row, 1_000, CancellationToken.None) is { Count: > 0 } page)
        {
            foreach (var delta in page.Where(d => hot.State.Tasks.ContainsKey(d.TaskId)))
            {
                shown[(delta.TaskId, delta.Attempt)] = delta.Kind != "retract";
            }

            (after, row) = (page[^1].AfterSequence, page[^1].Row);
            hot.DeltasStandAt(after, row);
        }

        foreach (var (task, attempt) in shown.Where(s => s.Value).Select(s => s.Key))
        {
            rows.Add(new DeltaRow(
                hot.Generation, hot.State.NextSequence - 1, hot.NextDeltaRow(hot.State.NextSequence), task, attempt,
                "retract", 0, ""));
        }

        return rows.Count == 0
            || await node.Committer.SubmitAsync(new InstanceCommit
            {
                InstanceKey = hot.Record.Key,
                ExecutionKey = hot.Record.Execution.Key,
                OwnerEpoch = hot.Record.OwnerEpoch,
                ExpectedSequence = hot.State.NextSequence,
                CommitId = node.NewCommitId(),
                Now = node.Clock.GetUtcNow(),
                Deltas = rows,
            }) is WriteOutcome.Committed;
    }
}
