using Agents.Contracts.Instances;
using Agents.Engine.Postgres.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Postgres.Writes;

/// <summary>
/// Writes turns. The usual one has no statement of its own: it is a row in the arrays of the fence's. Whatever else a
/// turn brings follows in statements that look whether it passed.
/// </summary>
internal sealed class CommitWriter(Pipeline pipeline, StartWriter starts)
{
    static readonly WriteOutcome s_committed = new WriteOutcome.Committed(null);
    static readonly WriteOutcome s_fenced = new WriteOutcome.Fenced();

    sealed record Turn(InstanceCommit Commit, PendingWrite Pending, int Write, Guard Guard);

    readonly List<Turn> _turns = [];
    readonly HashSet<long> _instances = [];

    public void Add(InstanceCommit commit, PendingWrite pending)
    {
        var write = pipeline.Write;
        if (!_instances.Add(commit.InstanceKey))
        {
            Flush();
            _instances.Add(commit.InstanceKey);
        }

        _turns.Add(new Turn(commit, pending, write, new Guard(commit.InstanceKey, pipeline.NextSlot())));
    }

    /// <summary>Puts the gathered turns into the pipeline.</summary>
    public void Flush()
    {
        if (_turns.Count == 0)
        {
            return;
        }

        Fence([.. _turns.OrderBy(turn => turn.Guard.Instance)]);   // the order in which their rows are locked
        foreach (var turn in _turns)
        {
            pipeline.Write = turn.Write;
            Inbox(turn);
            Values(turn);
            State(turn);
            Others(turn);
        }

        _turns.Clear();
        _instances.Clear();
    }

    void Fence(Turn[] turns)
    {
        foreach (var turn in turns)
        {
            turn.Pending.Outcome = s_fenced;
        }

        var commits = turns.Select(turn => turn.Commit).ToArray();
        var bySlot = turns.ToDictionary(turn => turn.Guard.Slot, turn => turn.Pending);
        var call = pipeline.Call("Fence")
            .Bind(turns.Select(turn => turn.Guard.Slot)).Bind(commits.Select(c => c.InstanceKey))
            .Bind(commits.Select(c => c.ExecutionKey)).Bind(commits.Select(c => c.OwnerEpoch))
            .Bind(commits.Select(c => c.ExpectedSequence)).Bind(commits.Select(c => c.EventCount))
            .Bind(commits.Select(c => c.CommitId)).Bind(commits.Select(c => c.Now.UtcTicks))
            .Bind(commits.Select(c => c.Events)).Bind(commits.Select(c => (int?)c.Status?.Status))
            .Bind(commits.Select(Ends)).Bind(commits.Select(c => c.Wake is not null))
            .Bind(commits.Select(c => c.Wake?.At?.UtcTicks)).Bind(commits.Select(c => c.Release))
            .Bind(commits.Select(c => c.Park));
        pipeline.Add(call, row => bySlot[row.Int(0)].Outcome = s_committed, [.. turns.Select(turn => turn.Write)]);
    }

    static bool Ends(InstanceCommit commit) => commit.Status is { } change && change.Status.IsTerminal();

    void Inbox(Turn turn)
    {
        if (turn.Commit.ConsumedInbox.Count > 0)
        {
            pipeline.Add(
                pipeline.Call("ConsumeInbox").Bind(turn.Commit.ConsumedInbox).Bind(turn.Guard),
                static _ => { });   // its answer is only there to refuse
        }
    }

    void Values(Turn turn)
    {
        var commit = turn.Commit;
        if (commit.Payloads.Count > 0)
        {
            pipeline.Add(InboxWriter.Payloads(pipeline.Call("AddPayloads"), commit.Payloads).Bind(turn.Guard));
        }

        foreach (var entry in commit.Ledger)
        {
            LedgerWriter.Add(pipeline, turn.Guard, entry);
        }

        if (commit.Deltas is { Count: > 0 } deltas)
        {
            pipeline.Add(pipeline.Call("AddDeltas").Bind(turn.Guard.Instance)
                .Bind(deltas.Select(d => d.Generation)).Bind(deltas.Select(d => d.AfterSequence))
                .Bind(deltas.Select(d => d.Row)).Bind(deltas.Select(d => d.TaskId)).Bind(deltas.Select(d => d.Attempt))
                .Bind(deltas.Select(d => d.Start)).Bind(deltas.Select(d => d.Text.Length))
                .Bind(deltas.Select(d => d.Kind)).Bind(deltas.Select(d => d.Text)).Bind(turn.Guard.Slot));
        }

        if (commit.Fold is { } fold)
        {
            pipeline.Add(pipeline.Call("FoldDeltas").Bind(fold.MessageSequence).Bind(turn.Guard.Instance)
                .Bind(fold.Generation).Bind(fold.TaskId).Bind(fold.Attempt).Bind(turn.Guard.Slot));
        }
    }

    void State(Turn turn)
    {
        var commit = turn.Commit;
        var ends = Ends(commit);
        if (ends || commit.CustomStatus is not null || commit.InDoubt is not null || commit.Next?.Version is not null)
        {
            var failure = commit.Status?.Failure is { } details ? FailureText.Write(details) : null;
            pipeline.Add(pipeline.Call("SetDetails").Bind(commit.CustomStatus).Bind(commit.InDoubt).Bind(commit.Next?.Version)
                .Bind(ends).Bind(commit.Now).Bind(commit.Status?.Output).Bind(failure).Bind(turn.Guard));
        }

        if (ends)
        {
            pipeline.Add(pipeline.Call("CloseInbox").Bind(turn.Guard));
        }
    }

    void Others(Turn turn)
    {
        if (turn.Commit.Next is { } next)
        {
            pipeline.Add(
                pipeline.Call("OpenNext").Bind(next.ExecutionId).Bind(next.IdentitySeed ?? next.ExecutionId).Bind(turn.Guard),
                row => turn.Pending.Outcome = new WriteOutcome.Committed(row.Long(0)));
            foreach (var message in next.Inbox)
            {
                pipeline.Add(InboxWriter.Add(pipeline.Call("AddInbox"), turn.Guard.Instance, turn.Guard, message));
            }
        }

        foreach (var send in turn.Commit.Sends)
        {
            InboxWriter.Send(pipeline, send, turn.Guard, null, static _ => { });
        }

        foreach (var start in turn.Commit.Starts)
        {
            starts.Add(pipeline, start, turn.Guard, static _ => { });
        }
    }
}
