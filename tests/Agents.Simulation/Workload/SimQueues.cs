using Agents.Contracts.Client;
using Agents.Engine.Store;
using Agents.Simulation.Checks;
using Agents.Simulation.Scheduling;

namespace Agents.Simulation.Workload;

/// <summary>Bounds of a seed's queues; in half of the seeds there are none. The names are always on the activities.</summary>
static class SimQueues
{
    public const string Model = "model", Tool = "tool", Act = "act", Echo = "echo";

    public static void Bound(IQueueStore store, SimRandom random)
    {
        if (random.Chance(0.5))
        {
            return;
        }

        Set(new QueueLimit(Model) { Concurrency = random.Between(1, 2) });
        Set(new QueueLimit(Act) { Concurrency = random.Between(1, 3), PerKey = random.Pick<int?>([null, 1]) });
        Set(new QueueLimit(Echo) { RateCount = random.Between(5, 50), RatePer = TimeSpan.FromSeconds(1), Concurrency = random.Pick<int?>([null, 3]) });
        if (random.Chance(0.5))
        {
            Set(new QueueLimit(Tool) { Concurrency = 1 });
            Set(new QueueLimit("default") { Concurrency = random.Between(1, 4) });
        }

        void Set(QueueLimit limit)
        {
            var set = store.SetQueueAsync(limit, CancellationToken.None);
            StorePeek.Now(set.ContinueWith(_ => true, TaskContinuationOptions.ExecuteSynchronously));
        }
    }
}
