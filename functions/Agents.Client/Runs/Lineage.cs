using Agents.Contracts.Client;
using Agents.Contracts.Instances;

namespace Agents.Client.Runs;

/// <summary>Where a run comes from.</summary>
static class Lineage
{
    /// <summary>Identity of the run that a run's input was written for: another run's, where it is a fork.</summary>
    public static async Task<string?> MadeForAsync(this IHistoryReader history, InstanceView view, CancellationToken cancel)
    {
        var executions = await history.ListExecutionsAsync(new InstanceId(view.InstanceId), cancel);
        return executions.FirstOrDefault(e => e.Generation == view.Generation)?.Seeds is [var first, ..] ? first.RunIdentity : null;
    }
}
