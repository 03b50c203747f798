using Agents.Contracts.Instances;
using Agents.Engine.Instances;
using Agents.Engine.Store;
using Agents.Engine.Work;

namespace Agents.Engine.Retention;

/// <summary>
/// Looks at runs whose time is over, those that ended first before the others, and removes each with its children in a
/// transaction of its own. A child is judged with its parent. What has a child that still runs, or an effect in doubt,
/// stays; history that a kept fork reaches stays until the fork goes.
/// </summary>
internal sealed class RetentionPass(NodeServices node, InstanceAdmin admin)
{
    const int PageMax = 50;

    /// <summary>Where the last pass stopped, by status: what must stay for now would otherwise stand before the rest for ever.</summary>
    readonly Dictionary<OrchestrationStatus, EndedInstance> _places = [];

    /// <summary>Removes, or only says what would be; looks at <paramref name="runsMax"/> runs at most.</summary>
    public async Task<RetentionReport> RunAsync(RetentionPolicy policy, bool remove, int runsMax, CancellationToken cancel)
    {
        var items = new List<RetentionItem>();
        foreach (var (status, before) in policy.Due(node.Clock.GetUtcNow()))
        {
            var after = remove ? _places.GetValueOrDefault(status) : null;
            while (true)
            {
                var page = await node.Store.Queries.FindEndedAsync(
                    status, before, after, Math.Min(PageMax, runsMax - items.Count + 1), cancel);
                foreach (var ended in page)
                {
                    if (items.Count == runsMax)
                    {
                        return new RetentionReport(items, More: true);
                    }

                    items.Add(await JudgeAsync(ended, status, remove, cancel));
                    after = ended;
                    if (remove)
                    {
                        _places[status] = ended;
                    }
                }

                if (page.Count == 0)
                {
                    _places.Remove(status);   // from the beginning again next time
                    break;
                }
            }
        }

        return new RetentionReport(items, More: false);
    }

    async Task<RetentionItem> JudgeAsync(EndedInstance ended, OrchestrationStatus status, bool remove, CancellationToken cancel)
    {
        var (family, refusal) = await admin.FamilyAsync(new InstanceId(ended.InstanceId), recursive: true, force: false, cancel);
        var item = new RetentionItem(ended.InstanceId, status, ended.EndedAt, family.Count, refusal, []);
        if (refusal is not null || !remove)
        {
            return item;
        }

        var outcome = await node.Store.Admin.PurgeAsync(family, node.Clock.GetUtcNow(), cancel);
        return item with { Kept = outcome.Refusal, HistoryFor = outcome.RetainedBy };
    }
}
