using Agents.Contracts.Client;
using Agents.Contracts.History;
using Agents.Contracts.Instances;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Instances;

/// <summary>
/// Takes failed instances back before what made them fail. Children whose failure is taken back with their parent's are
/// rewound with it, and a child that is gone is started anew; all of it is looked at before anything is written.
/// </summary>
internal sealed class Rewinder(
    NodeServices node, Func<InstanceRecord, ExecutionRecord, CancellationToken, Task<List<SequencedEvent>>> read)
{
    const int DepthMax = 64;

    /// <summary>One instance to be rewound, and what becomes of the children it waits for.</summary>
    sealed record Plan(InstanceRecord Record, ExecutionStarted Start, HistoryCut Cut)
    {
        public List<Plan> Rewound { get; } = [];

        public List<SubOrchestrationInstanceCreated> Anew { get; } = [];
    }

    sealed class RefusedException(string why) : Exception(why);

    public async Task<AdminOutcome> RewindAsync(InstanceId id, string? reason, CancellationToken cancel)
    {
        try
        {
            var plan = await PlanAsync(id, 0, cancel);
            await ApplyAsync(plan, reason, null, cancel);
            return new AdminOutcome(true, id, null);
        }
        catch (RefusedException e)
        {
            return InstanceAdmin.Refuse(e.Message);
        }
    }

    async Task<Plan> PlanAsync(string id, int depth, CancellationToken cancel)
    {
        var record = await node.Store.Queries.FindAsync(id, cancel) ?? throw new RefusedException($"no instance '{id}'");
        // Code may end in order and still end by a failed task: a run whose model refuses it ends with what it has.
        if (record.Status is not (OrchestrationStatus.Failed or OrchestrationStatus.Completed))
        {
            throw new RefusedException($"'{id}' is {record.Status}: only a failed instance can be rewound (not allowed)");
        }

        var remote = node.Remote?.IsRemote(record.Name, record.Version) == true
            && !node.Remote.KeepsActivities(record.Name, record.Version);
        var events = await read(record, record.Execution, cancel);
        if (record.Status == OrchestrationStatus.Completed && !HistoryCut.EndedByFailure(events))
        {
            throw new RefusedException($"'{id}' is {record.Status}: only a failed instance can be rewound (not allowed)");
        }

        var cut = HistoryCut.BeforeFailure(events) ?? (remote ? HistoryCut.BeforeEnd(events) : null) ?? throw new RefusedException(
            $"'{id}' failed by itself, not by a failed task: there is nothing to rewind to; restart it, or fork it");
        if (cut.OpenChildren.Count > 0 && (!remote || depth == DepthMax))
        {
            throw new RefusedException(
                $"a child ('{cut.OpenChildren[0].InstanceId}') was open at the point to rewind to; rewind or restart the child instead");
        }

        var ledger = await node.Store.Owner.ReadLedgerAsync(id, true, cancel);
        if (ledger.Count > 0)
        {
            throw new RefusedException($"{ledger.Count} effects are in doubt: resolve them first (agents resolve)");
        }

        var plan = new Plan(record, events.Select(e => e.Event).OfType<ExecutionStarted>().First(), cut);
        foreach (var child in cut.OpenChildren)
        {
            var found = await node.Store.Queries.FindAsync(child.InstanceId, cancel);
            if (found is null || found.ParentInstanceId != id || found.Status is OrchestrationStatus.Terminated or OrchestrationStatus.Canceled)
            {
                plan.Anew.Add(child);
            }
            else
            {
                plan.Rewound.Add(await PlanAsync(child.InstanceId, depth + 1, cancel));
            }
        }

        return plan;
    }

    /// <summary>Parents first: a child's result counts only for an execution of its parent that is there.</summary>
    async Task ApplyAsync(Plan plan, string? reason, string? parentExecution, CancellationToken cancel)
    {
        var (record, cut) = (plan.Record, plan.Cut);
        var executionId = new ExecutionId(node.NewToken());
        var seeds = IdentityChain.Read(record.Execution, record.InstanceId);
        var done = await node.Store.Admin.RewindAsync(
            record.Key, record.Execution.Key, executionId,
            IdentityChain.Cut(seeds, cut.Sequence, executionId, seeds[^1].RunIdentity),
            cut.Sequence,
            InstanceAdmin.Inbox([new ExecutionRewound { Reason = reason, ParentExecutionId = parentExecution }, .. cut.Kept]),
            node.Clock.GetUtcNow(), cancel);
        if (!done)
        {
            throw new RefusedException($"'{record.InstanceId}' changed meanwhile; look again");
        }

        foreach (var child in plan.Rewound)
        {
            await ApplyAsync(child, reason, executionId, cancel);
        }

        foreach (var child in plan.Anew)
        {
            var parent = new ParentInstance(record.InstanceId, executionId, child.EventId, record.Name, record.Version);
            await node.Committer.SubmitAsync(
                Decider.ChildStart(child, parent, plan.Start, node.NewToken(), node.Clock.GetUtcNow()));
            node.Wake(child.InstanceId);
        }

        node.Wake(record.InstanceId);
    }
}
