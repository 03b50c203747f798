using Agents.Contracts.Work;

namespace Agents.EndToEnd.Faults;

/// <summary>What a process that only asks and starts has to offer: nothing.</summary>
sealed class NoWork : IActivityHost, IOrchestratorHost
{
    public bool CanRun(string name, string? version) => false;

    public Task<ActivityOutcome> RunAsync(ActivityWorkItem item, IActivityContext context, CancellationToken cancel) =>
        throw new NotSupportedException("this process runs nothing");

    public OrchestratorMatch Match(string name, string? version) => OrchestratorMatch.OtherVersion;

    public IOrchestratorSession Open(OrchestratorIdentity identity) => throw new NotSupportedException("this process runs nothing");
}
