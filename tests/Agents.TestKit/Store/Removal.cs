using System.Collections.Immutable;

namespace Agents.TestKit.Store;

/// <summary>Takes an instance out; hides it while a fork shares its history.</summary>
internal static class Removal
{
    public static SimulatedState Remove(SimulatedState state, long key, out bool gone)
    {
        var instance = state.Instances[key];
        var lineage = instance.Head.LineageKey;
        state = state with
        {
            Ids = state.Ids.Remove(instance.Head.InstanceId),
            Ledger = state.Ledger.RemoveRange(state.Ledger.Where(e => e.Value.Instance == key).Select(e => e.Key)),
        };
        gone = !state.HasFork(key);
        if (!gone)
        {
            return state.With(instance with
            {
                Hidden = true,
                Inbox = instance.Inbox.Clear(),
                DedupKeys = instance.DedupKeys.Clear(),
                Deltas = instance.Deltas.Clear(),
                Tags = null,
            });
        }

        state = RemoveShared(state, key);
        while (HiddenWithoutFork(state, lineage) is { } hidden)
        {
            state = RemoveShared(state, hidden);
        }

        return state.Instances.Values.Any(i => i.Head.LineageKey == lineage)
            ? state
            : state with { Payloads = state.Payloads.RemoveRange(state.Payloads.Keys.Where(p => p.Lineage == lineage)) };
    }

    /// <summary>Visible runs whose history leads, by one cut or many, into this one's.</summary>
    public static IReadOnlyList<string> Dependents(SimulatedState state, long key)
    {
        var held = new HashSet<long> { key };
        var grown = true;
        while (grown)
        {
            grown = false;
            foreach (var execution in state.Executions.Values)
            {
                grown |= execution.Record.Cut is { } cut
                    && held.Contains(state.Executions[cut.ParentExecutionKey].Instance)
                    && held.Add(execution.Instance);
            }
        }

        held.Remove(key);
        return [.. held.Select(k => state.Instances[k]).Where(i => !i.Hidden).Select(i => i.Head.InstanceId)
            .Order(StringComparer.Ordinal)];
    }

    static long? HiddenWithoutFork(SimulatedState state, long lineage)
    {
        foreach (var instance in state.Instances.Values)
        {
            if (instance.Hidden && instance.Head.LineageKey == lineage && !state.HasFork(instance.Head.Key))
            {
                return instance.Head.Key;
            }
        }

        return null;
    }

    static SimulatedState RemoveShared(SimulatedState state, long key) => state with
    {
        Instances = state.Instances.Remove(key),
        Executions = state.Executions.RemoveRange(
            state.Executions.Where(e => e.Value.Instance == key).Select(e => e.Key).ToImmutableArray()),
    };
}
