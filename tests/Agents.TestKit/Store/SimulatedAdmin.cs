using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Store;

namespace Agents.TestKit.Store;

internal sealed class SimulatedAdmin(SimulatedStore store) : IAdminStore
{
    public async Task<bool> RewindAsync(
        long instanceKey, long expectedExecutionKey, string newExecutionId, string identitySeed, long cutSequence,
        IReadOnlyList<InboxMessage> inbox, DateTimeOffset now, CancellationToken cancel)
    {
        await store.Options.Yield();
        var state = store.State;
        if (!state.Instances.TryGetValue(instanceKey, out var instance)
            || instance.Head.Execution.Key != expectedExecutionKey || instance.Head.Status is not (OrchestrationStatus.Failed or OrchestrationStatus.Completed)
            || cutSequence < 0 || cutSequence > instance.Head.NextSequence)
        {
            return false;
        }

        var execution = new ExecutionRecord
        {
            Key = state.LastKey + 1,
            ExecutionId = newExecutionId,
            Generation = instance.Head.Execution.Generation + 1,
            Cut = new ExecutionCut(expectedExecutionKey, cutSequence),
            IdentitySeed = identitySeed,
        };
        var apply = new WriteApplier(
            (state with
            {
                LastKey = execution.Key,
                Executions = state.Executions.Add(execution.Key, new SimulatedExecution(instanceKey, execution, [])),
            }).With(Reopened(instance, execution, cutSequence, now)),
            store.TakeInboxIds(inbox.Count),
            store.Options);
        foreach (var message in inbox)
        {
            apply.AddInbox(instanceKey, message, null);
        }

        store.Apply(apply.State, synced: true);
        return true;
    }

    public async Task<PurgeOutcome> PurgeAsync(IReadOnlyList<string> instanceIds, DateTimeOffset now, CancellationToken cancel)
    {
        await store.Options.Yield();
        var state = store.State;
        var deleted = 0;
        var running = new List<string>();
        var retainedBy = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var id in instanceIds)
        {
            if (state.Find(id) is not { } found)
            {
                continue;
            }

            if (!found.Head.Status.IsTerminal())
            {
                running.Add(id);
                continue;
            }

            var forks = Removal.Dependents(state, found.Head.Key);
            state = state with { Tombstones = state.Tombstones.SetItem(id, new Tombstone(found.Head.RequestDigest, now)) };
            state = Removal.Remove(state, found.Head.Key, out var gone);
            deleted += gone ? 1 : 0;
            retainedBy.UnionWith(gone ? [] : forks);
        }

        store.Apply(state, synced: true);
        var refusal = running.Count == 0 ? null : $"not finished: {string.Join(", ", running)}; terminate before purging";
        return new PurgeOutcome(deleted, refusal, [.. retainedBy]);
    }

    public async Task<bool> UnparkAsync(long instanceKey, DateTimeOffset now, CancellationToken cancel)
    {
        await store.Options.Yield();
        if (!store.State.Instances.TryGetValue(instanceKey, out var instance) || instance.Head.Parked is null)
        {
            return false;
        }

        var head = instance.Head with { Parked = null, ClaimsWithoutProgress = 0, WakeAt = now, Owner = null };
        store.Apply(store.State.With(instance with { Head = head }), synced: true);
        return true;
    }

    public async Task<int> ForgetTombstonesAsync(DateTimeOffset before, CancellationToken cancel)
    {
        await store.Options.Yield();
        var old = store.State.Tombstones.Where(stone => stone.Value.PurgedAt < before).Select(stone => stone.Key).ToList();
        store.Apply(store.State with { Tombstones = store.State.Tombstones.RemoveRange(old) }, synced: true);
        return old.Count;
    }

    public async Task<IReadOnlyList<string>> VerifyAsync(CancellationToken cancel)
    {
        await store.Options.Yield();
        return new StateScan(store.State).Run();
    }

    static SimulatedInstance Reopened(
        SimulatedInstance instance, ExecutionRecord execution, long cut, DateTimeOffset now) => instance with
    {
        UpdatedAt = now,
        CompletedAt = null,
        Output = null,
        Failure = null,
        InboxClosed = false,
        Head = instance.Head with
        {
            Execution = execution,
            NextSequence = cut,
            Status = OrchestrationStatus.Running,
            Owner = null,
            OwnerEpoch = instance.Head.OwnerEpoch + 1,
            ClaimsWithoutProgress = 0,
            Parked = null,
            WakeAt = now,
        },
    };
}
