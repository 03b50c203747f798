namespace Agents.Engine.Nodes;

/// <summary>The membership of a store that only one node at a time can open: whoever owned an instance before is gone.</summary>
internal sealed class Alone(string nodeId) : IMembership
{
    public IReadOnlyCollection<string> Live { get; } = [nodeId];

    public Task JoinAsync(IMember node, CancellationToken cancel) => Task.CompletedTask;

    public ValueTask<bool> MayClaimAsync(string instanceId, string? owner, CancellationToken cancel) => new(true);

    public Task LeaveAsync(CancellationToken cancel) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
