using Agents.Contracts.Instances;
using Agents.Engine.Store;

namespace Agents.TestKit.Store;

/// <summary>Applies an instance's commit under the fence.</summary>
internal sealed class CommitApplier(SimulatedStoreOptions options)
{
    public WriteOutcome Write(WriteApplier apply, InstanceCommit commit)
    {
        if (WriteRules.Flaw(commit) is { } flaw)
        {
            throw new RefusedException(flaw);
        }

        if (commit.Events.Length > options.RowBytesMax)
        {
            throw new RefusedException($"a history row of {commit.Events.Length} bytes, at most {options.RowBytesMax}");
        }

        if (!apply.State.Instances.TryGetValue(commit.InstanceKey, out var instance) || !Holds(instance.Head, commit))
        {
            return new WriteOutcome.Fenced();
        }

        instance = Consume(Advance(instance, commit), commit);
        instance = Deltas(instance, commit);
        apply.State = Append(apply.State, commit).With(State(instance, commit))
            .With(instance.Head.LineageKey, commit.Payloads);
        foreach (var entry in commit.Ledger)
        {
            Ledger(apply, commit.InstanceKey, entry);
        }

        var opened = commit.Next is { } next ? Open(apply, commit, next) : (long?)null;
        foreach (var send in commit.Sends)
        {
            apply.Send(send);
        }

        foreach (var start in commit.Starts)
        {
            apply.Start(start);
        }

        return new WriteOutcome.Committed(opened);
    }

    static bool Holds(InstanceRecord head, InstanceCommit commit) =>
        head.Execution.Key == commit.ExecutionKey && head.OwnerEpoch == commit.OwnerEpoch
        && head.NextSequence == commit.ExpectedSequence;

    static SimulatedInstance Advance(SimulatedInstance instance, InstanceCommit commit) => instance with
    {
        UpdatedAt = commit.Now,
        Head = instance.Head with
        {
            NextSequence = instance.Head.NextSequence + commit.EventCount,
            LastCommitId = commit.CommitId,
            ClaimsWithoutProgress = commit.EventCount > 0 || commit.Release ? 0 : instance.Head.ClaimsWithoutProgress,
        },
    };

    static SimulatedState Append(SimulatedState state, InstanceCommit commit)
    {
        if (commit.EventCount == 0)
        {
            return state;
        }

        var execution = state.Executions[commit.ExecutionKey];
        var row = new StoredRow(commit.ExpectedSequence, commit.EventCount, commit.Events.ToArray());
        return state with
        {
            Executions = state.Executions.SetItem(commit.ExecutionKey, execution with { Rows = execution.Rows.Add(row) }),
        };
    }

    static SimulatedInstance Consume(SimulatedInstance instance, InstanceCommit commit)
    {
        var inbox = instance.Inbox;
        foreach (var id in commit.ConsumedInbox)
        {
            inbox = inbox.ContainsKey(id)
                ? inbox.Remove(id)
                : throw new RefusedException(
                    $"inbox row {id} of instance {commit.InstanceKey} is not there: it was consumed before");
        }

        return instance with { Inbox = inbox };
    }

    static SimulatedInstance Deltas(SimulatedInstance instance, InstanceCommit commit)
    {
        var deltas = instance.Deltas;
        foreach (var d in commit.Deltas)
        {
            var place = (d.Generation, d.AfterSequence, d.Row);
            deltas = deltas.ContainsKey(place)
                ? throw new RefusedException($"delta row {place} is there already")
                : deltas.Add(place, new StoredDelta(
                    d.AfterSequence, d.Row, d.TaskId, d.Attempt, d.Kind, d.Start, d.Text.Length, d.Text, null));
        }

        if (commit.Fold is { } fold)
        {
            var folded = deltas.Where(d => d.Key.Generation == fold.Generation && d.Value.TaskId == fold.TaskId
                && d.Value.Attempt == fold.Attempt && d.Value.Kind != "retract");
            deltas = deltas.SetItems(folded.Select(d => KeyValuePair.Create(
                d.Key, d.Value with { Text = null, MessageSequence = fold.MessageSequence })));
        }

        return instance with { Deltas = deltas };
    }

    static SimulatedInstance State(SimulatedInstance instance, InstanceCommit commit)
    {
        var head = instance.Head with
        {
            Status = commit.Status?.Status ?? instance.Head.Status,
            CustomStatus = commit.CustomStatus ?? instance.Head.CustomStatus,
            WakeAt = commit.Wake is { } wake ? wake.At : instance.Head.WakeAt,
            Parked = commit.Park ?? instance.Head.Parked,
            Owner = commit.Park is not null || commit.Release ? null : instance.Head.Owner,
        };
        instance = instance with { Head = head, InDoubt = commit.InDoubt ?? instance.InDoubt };
        return commit.Status is { } change && change.Status.IsTerminal()
            ? instance with
            {
                Head = head with { WakeAt = null },
                CompletedAt = commit.Now,
                Output = change.Output,
                Failure = change.Failure,
                InboxClosed = true,
            }
            : instance;
    }

    static void Ledger(WriteApplier apply, long instance, LedgerWrite write)
    {
        var ledger = apply.State.Ledger;
        var found = ledger.GetValueOrDefault(write.Entry.Key);
        if (write.ExpectedToken is not null && found?.Entry.AttemptToken != write.ExpectedToken)
        {
            apply.StaleLedgerWrites++;
            return;
        }

        var entry = found is null
            ? new SimulatedEntry(instance, write.Entry, ledger.Count)
            : found with { Entry = write.Entry };
        apply.State = apply.State with { Ledger = ledger.SetItem(write.Entry.Key, entry) };
    }

    static long Open(WriteApplier apply, InstanceCommit commit, NextExecution next)
    {
        var state = apply.State;
        var instance = state.Instances[commit.InstanceKey];
        var execution = new ExecutionRecord
        {
            Key = state.LastKey + 1,
            ExecutionId = next.ExecutionId,
            Generation = instance.Head.Execution.Generation + 1,
            IdentitySeed = next.IdentitySeed ?? next.ExecutionId,
        };
        var head = instance.Head with
        {
            Execution = execution, NextSequence = 0, Version = next.Version ?? instance.Head.Version,
        };
        apply.State = (state with
        {
            LastKey = execution.Key,
            Executions = state.Executions.Add(execution.Key, new SimulatedExecution(commit.InstanceKey, execution, [])),
        }).With(instance with { Head = head });
        foreach (var message in next.Inbox)
        {
            apply.AddInbox(commit.InstanceKey, message, null);
        }

        return execution.Key;
    }
}
