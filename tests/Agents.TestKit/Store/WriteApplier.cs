using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Store;

namespace Agents.TestKit.Store;

/// <summary>One transaction: applies writes one by one to a state that is kept only at the end.</summary>
internal sealed class WriteApplier(SimulatedState state, long nextInboxId, SimulatedStoreOptions options)
{
    readonly CommitApplier _commits = new(options);

    public SimulatedState State { get; set; } = state;

    public long StaleLedgerWrites { get; set; }

    public WriteOutcome Write(StoreWrite write)
    {
        var (before, stale) = (State, StaleLedgerWrites);
        try
        {
            return write switch
            {
                InstanceCommit commit => _commits.Write(this, commit),
                InstanceStart start => Start(start),
                InboxSend send => Send(send),
                InstanceClaim claim => Claim(claim),
                EvidenceWrite evidence => Evidence(evidence),
                _ => throw new RefusedException($"a write of kind {write.GetType().Name} is not known to this store"),
            };
        }
        catch (RefusedException refused)
        {
            (State, StaleLedgerWrites) = (before, stale);
            return new WriteOutcome.Refused(refused.Message);
        }
    }

    public WriteOutcome Send(InboxSend send)
    {
        if (State.Find(send.InstanceId) is not { } target)
        {
            return new WriteOutcome.Sent(SendOutcome.NotFound, 0);
        }

        var outcome = send.Message.DedupKey is { } key && target.DedupKeys.Contains(key) ? SendOutcome.AlreadyAccepted
            : target.Head.Status.IsTerminal() ? SendOutcome.Finished
            : SendOutcome.Accepted;
        if (outcome == SendOutcome.Accepted)
        {
            AddInbox(target.Head.Key, send.Message, null);
        }

        return new WriteOutcome.Sent(outcome, target.Head.Key);
    }

    public void AddInbox(long instance, InboxMessage message, DateTimeOffset? notBefore)
    {
        var target = State.Instances[instance];
        if (message.Body.Length > options.RowBytesMax)
        {
            throw new RefusedException($"an inbox body of {message.Body.Length} bytes");
        }

        if (message.DedupKey is { } key)
        {
            if (target.DedupKeys.Contains(key))
            {
                return;
            }

            target = target with { DedupKeys = target.DedupKeys.Add(key) };
        }

        var stored = message with { VisibleAt = message.VisibleAt ?? notBefore, Payloads = [] };
        State = State
            .With(target with { Inbox = target.Inbox.Add(nextInboxId++, stored) })
            .With(target.Head.LineageKey, message.Payloads);
    }

    public WriteOutcome Start(InstanceStart start)
    {
        var existing = State.Find(start.InstanceId);
        if (existing is not null && Replaceable(start, existing.Head))
        {
            State = Removal.Remove(State, existing.Head.Key, out _);
            existing = null;
        }

        var (digest, key) = existing is not null ? (existing.Head.RequestDigest, existing.Head.Key) : (Buried(start), 0);
        if (digest is null)
        {
            return new WriteOutcome.Started(StartOutcome.Started, Create(start));
        }

        if (start.OnClash is { } clash)
        {
            Send(clash);
            return new WriteOutcome.Started(StartOutcome.Conflict, key);
        }

        var same = digest == start.RequestDigest ? StartOutcome.AlreadyStarted : StartOutcome.Conflict;
        return new WriteOutcome.Started(same, key);
    }

    static bool Replaceable(InstanceStart start, InstanceRecord existing) => existing.Status.IsTerminal()
        && (start.ReplaceTerminal || (start.ReplaceFinishedChild && existing.ParentInstanceId == start.ParentInstanceId));

    string? Buried(InstanceStart start) => !start.ReplaceTerminal && !start.ReplaceFinishedChild
        && State.Tombstones.TryGetValue(start.InstanceId, out var stone) && stone.PurgedAt >= start.Now - options.DedupWindow
        ? stone.Digest
        : null;

    long Create(InstanceStart start)
    {
        if (start.Cut is { } cut && !State.Executions.ContainsKey(cut.ParentExecutionKey))
        {
            throw new RefusedException($"{start.InstanceId}: the run that it forks is gone");
        }

        var key = State.LastKey + 1;
        var execution = new ExecutionRecord
        {
            Key = key + 1,
            ExecutionId = start.ExecutionId,
            Generation = start.Generation,
            Cut = start.Cut,
            IdentitySeed = start.IdentitySeed ?? start.ExecutionId,
        };
        var head = new InstanceRecord
        {
            Key = key,
            InstanceId = start.InstanceId,
            Name = start.Name,
            Version = start.Version,
            Status = OrchestrationStatus.Pending,
            LineageKey = start.LineageKey ?? key,
            OwnerEpoch = 0,
            NextSequence = start.Cut?.Sequence ?? 0,
            LastCommitId = 0,
            ParentInstanceId = start.ParentInstanceId,
            RequestDigest = start.RequestDigest,
            WakeAt = start.Inbox.Count == 0 ? start.ScheduledStart ?? start.Now : null,
            CreatedAt = start.Now,
            Execution = execution,
        };
        State = (State with
        {
            LastKey = execution.Key,
            Ids = State.Ids.Add(start.InstanceId, key),
            Executions = State.Executions.Add(execution.Key, new SimulatedExecution(key, execution, [])),
        }).With(new SimulatedInstance { Head = head, UpdatedAt = start.Now, Tags = start.Tags })
            .With(head.LineageKey, start.Payloads);
        foreach (var message in start.Inbox)
        {
            AddInbox(key, message, start.ScheduledStart);
        }

        return key;
    }

    WriteOutcome Claim(InstanceClaim claim)
    {
        if (!State.Instances.TryGetValue(claim.InstanceKey, out var found) || !found.IsOpen
            || found.Head.OwnerEpoch != claim.ExpectedEpoch)
        {
            return new WriteOutcome.Claimed(null);
        }

        var head = found.Head with
        {
            OwnerEpoch = found.Head.OwnerEpoch + 1,
            ClaimsWithoutProgress = found.Head.ClaimsWithoutProgress + 1,
            Owner = claim.NodeId,
        };
        State = State.With(found with { Head = head });
        return new WriteOutcome.Claimed(head);
    }

    WriteOutcome Evidence(EvidenceWrite write)
    {
        var entry = write.Entry;
        if (!State.Ledger.TryGetValue(entry.Key, out var found) || found.Entry.AttemptToken != entry.AttemptToken
            || found.Entry.State is not (Contracts.Effects.LedgerState.Intent or Contracts.Effects.LedgerState.InDoubt))
        {
            return new WriteOutcome.EvidenceKept(false);
        }

        var settled = found.Entry with
        {
            State = entry.State, SettledAt = entry.SettledAt, Receipt = entry.Receipt, Evidence = entry.Evidence,
        };
        State = State with { Ledger = State.Ledger.SetItem(entry.Key, found with { Entry = settled }) };
        return new WriteOutcome.EvidenceKept(true);
    }
}
