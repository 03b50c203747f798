using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.Instances;
using Agents.Engine.Store;

namespace Agents.Engine.History;

/// <summary>Committed events of any generation of an instance; a fork answers for the generations it shares.</summary>
internal sealed class HistorySource(IEngineStore store) : IHistorySource
{
    readonly HistoryPages _pages = new(store.Owner);

    public async ValueTask<IReadOnlyList<SequencedEvent>> ReadAsync(
        InstanceId instance, int generation, long fromSequence, int max, CancellationToken cancel)
    {
        var record = await store.Queries.FindAsync(instance, cancel);
        if (record is null)
        {
            return [];
        }

        var execution = record.Execution.Generation == generation
            ? record.Execution
            : await FindAsync(record, generation, cancel);
        if (execution is null)
        {
            return [];
        }

        return await _pages.ReadAsync(execution, record.LineageKey, instance, fromSequence, cancel, max);
    }

    /// <summary>The execution with that number: the instance's own, or that of a run it was forked from.</summary>
    async Task<ExecutionRecord?> FindAsync(InstanceRecord record, int generation, CancellationToken cancel)
    {
        var runs = IdentityChain.Read(record.Execution, record.InstanceId)
            .Select(s => IdentityChain.InstanceOf(s.RunIdentity)).Reverse().Distinct();
        foreach (var run in runs.Prepend(record.InstanceId).Distinct())
        {
            var owner = run == record.InstanceId ? record : await store.Queries.FindAsync(run, cancel);
            if (owner is null)
            {
                continue;
            }

            var executions = await store.Queries.ListExecutionsAsync(owner.Key, cancel);
            if (executions.FirstOrDefault(e => e.Generation == generation) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
