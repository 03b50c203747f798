using Agents.Simulation.Nodes;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Faults;

/// <summary>Decides when a process dies, freezes or stops, and when a clock jumps.</summary>
sealed class FaultDriver(SimScheduler scheduler, SimRandom random, SimCluster cluster, FaultPlan faults)
{
    // Seeds differ in temper: some processes die all the time, some hardly ever.
    readonly int _everyMax = random.Pick([400, 2500, 8000, 30000]);

    public void Begin() => Plan();

    void Plan()
    {
        if (faults.IsActive)
        {
            scheduler.After(
                random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(_everyMax)), scheduler.World, Strike);
        }
    }

    void Strike()
    {
        if (!faults.IsActive)
        {
            return;
        }

        if (cluster.Current is { } node)
        {
            switch (random.Below(10))
            {
                case < 5:
                    // Between two callbacks of its own, so that busy moments are hit as often as idle ones.
                    node.Lane.CrashAt(node.Lane.Ran + random.Between(1, 200), () => cluster.Kill(node));
                    break;
                case < 7:
                    node.Lane.CrashAt(node.Lane.Ran + random.Between(1, 100), cluster.FreezeAndReplace);
                    break;
                case 7 when random.Chance(0.5):
                    cluster.LosePower();
                    break;
                case 7:
                    cluster.StopGently();
                    break;
                default:
                    node.Clock.Offset += random.Between(TimeSpan.FromSeconds(-30), TimeSpan.FromSeconds(30));
                    break;
            }
        }

        Plan();
    }
}
