using Agents.Contracts.Instances;
using Agents.Engine.History;
using Agents.Engine.Sqlite.Database;
using Agents.Engine.Store;

namespace Agents.Engine.Sqlite.Writes;

/// <summary>Writes a turn under the fence. The usual one is two statements: the fence and the history row.</summary>
internal sealed class CommitWriter(Connection connection, InboxWriter inbox, StartWriter starts, LedgerWriter ledger)
{
    static readonly WriteOutcome s_committed = new WriteOutcome.Committed(null);
    static readonly WriteOutcome s_fenced = new WriteOutcome.Fenced();

    readonly Statement _fence = connection.Get("Fence");
    readonly Statement _append = connection.Get("AppendHistory");

    public WriteOutcome Write(InstanceCommit commit)
    {
        if (WriteRules.Flaw(commit) is { } flaw)
        {
            throw new RefusedWriteException(flaw);
        }

        if (!Fence(commit))
        {
            return s_fenced;
        }

        if (commit.EventCount > 0)
        {
            _append.Bind(commit.ExecutionKey).Bind(commit.ExpectedSequence).Bind(commit.EventCount)
                .Bind(commit.Events.Span).Execute();
        }

        foreach (var id in commit.ConsumedInbox)
        {
            inbox.Consume(commit.InstanceKey, id);
        }

        Values(commit);
        State(commit);
        var opened = commit.Next is { } next ? Open(commit, next) : (long?)null;
        foreach (var send in commit.Sends)
        {
            inbox.Write(send);
        }

        foreach (var start in commit.Starts)
        {
            starts.Write(start);
        }

        return opened is null ? s_committed : new WriteOutcome.Committed(opened);
    }

    bool Fence(InstanceCommit commit)
    {
        // Events are progress; so is giving an instance back in order. Streamed text alone is not.
        var keepsClaims = commit.EventCount == 0 && !commit.Release;
        return _fence.Bind(commit.EventCount).Bind(commit.CommitId).Bind(commit.Now).Bind(keepsClaims ? 1 : 0)
            .Bind(commit.InstanceKey).Bind(commit.ExecutionKey).Bind(commit.OwnerEpoch).Bind(commit.ExpectedSequence)
            .Execute() == 1;
    }

    void Values(InstanceCommit commit)
    {
        if (commit.Payloads.Count > 0)
        {
            var lineage = connection.Get("LineageOf").Bind(commit.InstanceKey).Scalar()
                ?? throw new RefusedWriteException($"instance {commit.InstanceKey} has no lineage");
            inbox.AddPayloads(lineage, commit.Payloads);
        }

        foreach (var entry in commit.Ledger)
        {
            ledger.Write(commit.InstanceKey, entry);
        }

        foreach (var delta in commit.Deltas)
        {
            connection.Get("AddDelta").Bind(commit.InstanceKey).Bind(delta.Generation).Bind(delta.AfterSequence)
                .Bind(delta.Row).Bind(delta.TaskId).Bind(delta.Attempt).Bind(delta.Start).Bind(delta.Text.Length)
                .Bind(delta.Kind).Bind(delta.Text).Execute();
        }

        if (commit.Fold is { } fold)
        {
            connection.Get("FoldDeltas").Bind(fold.MessageSequence).Bind(commit.InstanceKey).Bind(fold.Generation)
                .Bind(fold.TaskId).Bind(fold.Attempt).Execute();
        }
    }

    void State(InstanceCommit commit)
    {
        var key = commit.InstanceKey;
        if (commit.Status is { } status)
        {
            Status(commit, status);
        }

        if (commit.CustomStatus is { } custom)
        {
            connection.Get("SetCustomStatus").Bind(custom).Bind(key).Execute();
        }

        if (commit.Wake is { } wake)
        {
            connection.Get("SetWake").Bind(wake.At).Bind(key).Execute();
        }

        if (commit.InDoubt is { } count)
        {
            connection.Get("SetInDoubt").Bind(count).Bind(key).Execute();
        }

        if (commit.Park is { } why)
        {
            connection.Get("SetParked").Bind(why).Bind(key).Execute();
        }
        else if (commit.Release)
        {
            connection.Get("Release").Bind(key).Execute();
        }
    }

    void Status(InstanceCommit commit, StatusChange change)
    {
        var key = commit.InstanceKey;
        connection.Get("SetStatus").Bind((long)change.Status).Bind(key).Execute();
        var failure = change.Failure is null ? null : FailureText.Write(change.Failure);
        if (change.Status.IsTerminal())
        {
            var finished = connection.Get("SetFinished").Bind(commit.Now).Bind(change.Output);
            (failure is null ? finished.BindNull() : finished.Bind(failure.AsSpan())).Bind(key).Execute();
            connection.Get("SetWake").BindNull().Bind(key).Execute();
            connection.Get("CloseInbox").Bind(key).Execute();
        }
    }

    long Open(InstanceCommit commit, NextExecution next)
    {
        var generation = connection.Get("GenerationOf").Bind(commit.ExecutionKey).Scalar() ?? 0;
        connection.Get("AddExecution").Bind(commit.InstanceKey).Bind(next.ExecutionId).Bind(generation + 1)
            .BindNull().BindNull().Bind(next.IdentitySeed ?? next.ExecutionId).Execute();
        var execution = connection.LastRowId;
        connection.Get("OpenExecution").Bind(execution).Bind(0).Bind(commit.InstanceKey).Execute();
        if (next.Version is { } version)
        {
            connection.Get("SetVersion").Bind(version).Bind(commit.InstanceKey).Execute();
        }

        foreach (var message in next.Inbox)
        {
            inbox.Add(commit.InstanceKey, message, null);
        }

        return execution;
    }
}
