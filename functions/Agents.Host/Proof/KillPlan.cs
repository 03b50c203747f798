namespace Agents.Host.Proof;

/// <summary>When to kill: after so many stream events of the run in all, or so soon after the process was started.</summary>
sealed record PlannedKill(int? AtEvent, TimeSpan? AfterSpawn);

/// <summary>Moments drawn from a seed: most by progress, spread over the run, some while the process is recovering.</summary>
static class KillPlan
{
    const int RecoveryKillEvery = 4;
    const int RecoveryMillisecondsMax = 250;
    const double LastPart = 0.92;

    public static IReadOnlyList<PlannedKill> Draw(int kills, int seed, int events)
    {
        var random = new Random(seed);
        var byProgress = Enumerable.Range(0, kills)
            .Select(_ => 1 + random.Next(Math.Max(1, (int)(events * LastPart))))
            .Order()
            .ToList();
        var plan = new List<PlannedKill>();
        foreach (var at in byProgress)
        {
            // A kill during recovery needs something to recover, so it never comes first.
            plan.Add(plan.Count % RecoveryKillEvery == RecoveryKillEvery - 1
                ? new PlannedKill(null, TimeSpan.FromMilliseconds(random.Next(RecoveryMillisecondsMax)))
                : new PlannedKill(at, null));
        }

        return plan;
    }
}
