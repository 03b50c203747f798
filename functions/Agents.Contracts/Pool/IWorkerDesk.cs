namespace Agents.Contracts.Pool;

/// <summary>Where model workers report: a pool in the same process, or one over HTTP.</summary>
public interface IWorkerDesk
{
    Task<PoolAnswer> ReportAsync(WorkerReport report, CancellationToken cancel);

    /// <summary>Ends the lease at once; what the pool still sends it fails there.</summary>
    Task LeaveAsync(string worker, string incarnation, CancellationToken cancel);
}
