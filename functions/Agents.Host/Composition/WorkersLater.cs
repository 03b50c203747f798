using Agents.Contracts.Work;

namespace Agents.Host.Composition;

/// <summary>Tools are made before the hub whose workers they call: this stands for them in between.</summary>
sealed class WorkersLater : IConnectedWorkers
{
    IConnectedWorkers? _workers;

    public void Are(IConnectedWorkers workers) => _workers = workers;

    public Task<WorkerAnswer> CallAsync(WorkerCall call, CancellationToken cancel) =>
        (_workers ?? throw new InvalidOperationException("no run is hosted yet")).CallAsync(call, cancel);
}
