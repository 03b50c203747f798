namespace Agents.GpuWorker;

/// <summary>The model server a worker keeps: attached by address, started from a command line, or in this process.</summary>
public interface IModelServerKeep : IAsyncDisposable
{
    /// <summary>Base address, version segment included, once it is started.</summary>
    string BaseUrl { get; }

    /// <summary>Starts it where that is this worker's part. Whether it is ready, its health says.</summary>
    Task StartAsync(CancellationToken cancel);

    /// <summary>Why it cannot serve now, for people; null when nothing is known against it.</summary>
    string? Trouble { get; }
}
