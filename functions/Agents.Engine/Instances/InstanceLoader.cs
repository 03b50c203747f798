using Agents.Contracts.Effects;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Contracts.Work;
using Agents.Engine.History;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>Claims an instance and rebuilds what its owner needs from the store.</summary>
internal sealed class InstanceLoader(NodeServices node)
{
    /// <summary>Null when there is nothing to own: unknown, terminal, parked, or claimed by somebody else just now.</summary>
    public async Task<HotInstance?> LoadAsync(string instanceId)
    {
        await node.Loads.TakeAsync(new Share("", instanceId, 0));
        try
        {
            while (true)
            {
                var found = await node.Store.Queries.FindAsync(instanceId, CancellationToken.None);
                if (found is null || found.Parked is not null || found.Status.IsTerminal())
                {
                    return null;
                }

                if (!await node.Membership.MayClaimAsync(instanceId, found.Owner, CancellationToken.None))
                {
                    return null;
                }

                var claim = new InstanceClaim(found.Key, found.OwnerEpoch, node.Options.NodeId, node.Clock.GetUtcNow());
                if (await node.Committer.SubmitAsync(claim) is WriteOutcome.Claimed { Instance: { } record })
                {
                    return await BuildAsync(record);
                }

                // A claim of this node's own may have come in late; nobody would look after the instance then.
                var now = await node.Store.Queries.FindAsync(instanceId, CancellationToken.None);
                if (now?.Owner != node.Options.NodeId)
                {
                    return null;
                }
            }
        }
        finally
        {
            node.Loads.Release();
        }
    }

    async Task<HotInstance?> BuildAsync(InstanceRecord record)
    {
        var history = await ReadAllAsync(record);
        var state = new InstanceState();
        foreach (var item in history)
        {
            state.Apply(item);
        }

        if (state.NextSequence != record.NextSequence)
        {
            var now = await node.Store.Queries.FindAsync(record.InstanceId, CancellationToken.None);
            if (now?.Key != record.Key || now.OwnerEpoch != record.OwnerEpoch)
            {
                return null; // removed, or claimed by somebody else, while it was read
            }

            throw new InvariantException(
                $"history of '{record.InstanceId}' ends at {state.NextSequence}, its row says {record.NextSequence}");
        }

        var remote = node.Remote?.IsRemote(record.Name, record.Version) == true;
        var hot = new HotInstance
        {
            IsRemote = remote,
            OffersActivities = remote && !node.Remote!.KeepsActivities(record.Name, record.Version),
            Record = record,
            State = state,
            StoredStatus = record.Status,
            Seeds = IdentityChain.Read(record.Execution, record.InstanceId),
            Match = remote ? OrchestratorMatch.Found : node.Orchestrators.Match(record.Name, record.Version),
            Past = history,
        };
        await LoadLedgerAsync(hot);
        return hot;
    }

    async Task<List<SequencedEvent>> ReadAllAsync(InstanceRecord record)
    {
        var all = new List<SequencedEvent>();
        if (record.NextSequence == 0)
        {
            return all;
        }

        var pages = new HistoryPages(node.Store.Owner);
        while (true)
        {
            var from = all.Count == 0 ? 0 : all[^1].Sequence + 1;
            var page = await pages.ReadAsync(record.Execution, record.LineageKey, record.InstanceId, from, CancellationToken.None);
            if (page.Count == 0)
            {
                return all;
            }

            if (page[0].Sequence != from)
            {
                throw new InvariantException(
                    $"history of '{record.InstanceId}' has a gap: expected {from}, found {page[0].Sequence}");
            }

            // Whoever claimed the instance meanwhile may have appended already; the fence will tell this owner.
            all.AddRange(page.Where(e => e.Sequence < record.NextSequence));
            if (page[^1].Sequence >= record.NextSequence)
            {
                return all;
            }
        }
    }

    /// <summary>Entries are needed where a key may have been used before, and for open effects.</summary>
    async Task LoadLedgerAsync(HotInstance hot)
    {
        var effects = hot.State.Tasks.Values.Any(t => t.Scheduled.Effect is { Class: EffectClass.AtMostOnce });
        if (!effects && hot.Generation == 0 && hot.Record.Execution.Cut is null)
        {
            return;
        }

        foreach (var entry in await node.Store.Owner.ReadLedgerAsync(hot.Record.InstanceId, false, CancellationToken.None))
        {
            hot.Ledger[entry.Key] = entry;
        }
    }
}
