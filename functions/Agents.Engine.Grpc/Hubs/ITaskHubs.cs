namespace Agents.Engine.Grpc.Hubs;

/// <summary>The task hubs of an endpoint: each its own store, instances and workers.</summary>
public interface ITaskHubs
{
    /// <summary>The hub of that name; null names the default one. Opened, and made where it is new, on first use.</summary>
    ValueTask<TaskHub> GetAsync(string? name, CancellationToken cancel);

    /// <summary>False: it exists already. With <paramref name="anew"/> an existing one is emptied first.</summary>
    Task<bool> CreateAsync(string? name, bool anew, CancellationToken cancel);

    /// <summary>Removes a hub with all that is in it; false: there is none of that name.</summary>
    Task<bool> DeleteAsync(string? name, CancellationToken cancel);

    /// <summary>Hubs that are open now.</summary>
    IReadOnlyCollection<TaskHub> Open { get; }
}

/// <summary>A task hub cannot be had, for the reason given.</summary>
public sealed class TaskHubException(string message) : Exception(message);
