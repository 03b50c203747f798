namespace Agents.Engine.Nodes;

/// <summary>The membership of a store that only one node at a time can open: whoever owned an instance before is gone.</summary>
internal sealed class Alone(string nodeId) : IMembership, ICommitNews
{
    public IReadOnlyCollection<string> Live { get; } = [nodeId];

    public ICommitNews News => this;

    public Task JoinAsync(IMember node, CancellationToken cancel) => Task.CompletedTask;

    public ValueTask<bool> MayClaimAsync(string instanceId, string? owner, CancellationToken cancel) => new(true);

    public void Released(string instanceId, bool handedOn)
    {
        // Nobody else could take it.
    }

    public Task RetireAsync(CancellationToken cancel) => Task.CompletedTask;

    public Task LeaveAsync(CancellationToken cancel) => Task.CompletedTask;

    public ValueTask<TimeSpan?> ListenAsync(string instanceId, CancellationToken cancel) => new((TimeSpan?)null);

    public void Committed(string instanceId)
    {
        // Nobody else listens.
    }

    public void Released(string instanceId)
    {
        // Nobody else listens.
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
