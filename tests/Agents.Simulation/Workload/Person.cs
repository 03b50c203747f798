using Agents.Contracts.Client;
using Agents.Contracts.Effects;
using Agents.Contracts.Instances;
using Agents.Simulation.Nodes;
using Agents.Simulation.Scheduling;
using Agents.Simulation.World;

namespace Agents.Simulation.Workload;

/// <summary>
/// The person at the desk: settles effects in doubt by looking at the world, makes parked runs go on, and at the end
/// resumes and feeds whatever waits.
/// </summary>
sealed class Person(Door door, SimWorld world, SimCluster cluster, SimRandom random, Journal journal)
{
    int _items;

    /// <summary>Nothing may be left waiting.</summary>
    public bool Finishing { get; set; }

    public async Task WorkAsync()
    {
        while (true)
        {
            await Task.Delay(random.Between(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(3)), door.Clock);
            var page = await door.AskAsync(c => c.QueryAsync(new InstanceQuery { PageSize = 1000 }, default));
            foreach (var view in page.Value?.Items.OrderBy(v => v.InstanceId, StringComparer.Ordinal).ToList() ?? [])
            {
                if (!view.Status.IsTerminal())
                {
                    await LookAtAsync(view);
                }
            }
        }
    }

    async Task LookAtAsync(InstanceView view)
    {
        var id = new InstanceId(view.InstanceId);
        if (view.Parked?.StartsWith("AG1003", StringComparison.Ordinal) == true)
        {
            await door.AskAsync(c => c.UnparkAsync(id, default));
            return;
        }

        if (view.InDoubt > 0)
        {
            await SettleAsync(id);
        }

        if (Finishing && view.Status == OrchestrationStatus.Suspended)
        {
            await door.AskAsync(c => c.SendAsync(id, new InstanceMessage.Resume("go on"), null, default));
        }

        if (Finishing && view.Name == SimOrchestrators.Collect)
        {
            await SendItemAsync(id, $"late{_items++}");
        }
    }

    /// <summary>Sends an item until it is acknowledged; the same key, so that it arrives once.</summary>
    public async Task SendItemAsync(InstanceId id, string item)
    {
        journal.Sent.Add(item);
        for (var i = 0; i < 20; i++)
        {
            var sent = await door.AskAsync(c => c.SendAsync(
                id, new InstanceMessage.Raise(SimOrchestrators.Item, item), "key-" + item, default));
            if (sent.Answered)
            {
                if (sent.Value is SendOutcome.Accepted or SendOutcome.AlreadyAccepted)
                {
                    journal.Accepted.Add((id, item));
                }

                return;
            }
        }
    }

    async Task SettleAsync(InstanceId id)
    {
        var open = await door.AskAsync(c => c.ListEffectsAsync(id, true, default));
        foreach (var entry in open.Value ?? [])
        {
            // Only what can no longer happen can be judged; the person waits until the world is quiet about it.
            if (cluster.MayOthersLive || world.MayStillHappen(entry.Key))
            {
                continue;
            }

            var happened = world.Count(entry.Key) > 0;
            var verdict = happened ? EffectVerdict.Happened
                : random.Chance(0.3) ? EffectVerdict.GiveUp : EffectVerdict.DidNotHappen;
            var text = verdict == EffectVerdict.DidNotHappen ? null
                : SimActivities.ToolReplyOf(happened ? SimWorld.ResultOf(entry.Key) : "given up");
            journal.Verdicts[entry.Key] = verdict.ToString();
            await door.AskAsync(c => c.SendAsync(
                id, new InstanceMessage.Resolve(new EffectResolution(entry.Key, verdict, text, "the person", entry.AttemptToken)), null, default));
        }
    }
}
