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

/// <summary>The way into a hub that does not close while somebody is in it.</summary>
public static class TaskHubEntrance
{
    /// <summary>
    /// The hub of that name, open until <c>Part</c> is disposed of. Throws <see cref="OperationCanceledException"/> where the
    /// service is stopping.
    /// </summary>
    public static async ValueTask<(TaskHub Hub, IDisposable Part)> EnterAsync(this ITaskHubs hubs, string? name, CancellationToken cancel)
    {
        TaskHub? shut = null;
        while (true)
        {
            var hub = await hubs.GetAsync(name, cancel);
            if (hub.TryEnter() is { } part)
            {
                return (hub, part);
            }

            if (hub == shut)
            {
                throw new OperationCanceledException($"task hub {hub.Name} is closing");
            }

            shut = hub;
            await Task.Yield(); // it was closed for want of use a moment ago
        }
    }
}

/// <summary>A task hub cannot be had, for the reason given.</summary>
public sealed class TaskHubException(string message) : Exception(message);
