namespace Agents.GpuWorker.Keeping;

/// <summary>A model server that somebody else starts and stops.</summary>
public sealed class AttachedServer(string baseUrl) : IModelServerKeep
{
    public string BaseUrl { get; } = baseUrl;

    public string? Trouble => null;

    public Task StartAsync(CancellationToken cancel) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
