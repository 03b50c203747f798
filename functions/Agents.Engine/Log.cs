using Microsoft.Extensions.Logging;

namespace Agents.Engine;

internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Error, "The store takes no writes; runs wait until it does. {Problem}")]
    public static partial void StoreUnavailable(ILogger log, Exception e, string problem);

    [LoggerMessage(1011, LogLevel.Warning, "The store takes writes again; runs go on.")]
    public static partial void StoreAvailable(ILogger log);

    [LoggerMessage(1002, LogLevel.Warning, "The outcome of a group commit of {Count} is not known; reading back.")]
    public static partial void UnknownOutcome(ILogger log, Exception e, int count);

    [LoggerMessage(1003, LogLevel.Error, "The store failed in a way it should not.")]
    public static partial void StoreFault(ILogger log, Exception e);

    [LoggerMessage(1004, LogLevel.Warning, "Instance {Instance} is owned elsewhere now; its uncommitted turn is dropped.")]
    public static partial void Fenced(ILogger log, string instance);

    [LoggerMessage(1005, LogLevel.Error, "Instance {Instance} is parked: {Reason}")]
    public static partial void Parked(ILogger log, string instance, string reason);

    [LoggerMessage(1006, LogLevel.Error, "Instance {Instance}: an unexpected fault; it is reloaded from the store. {Why}")]
    public static partial void ActorFault(ILogger log, Exception e, string instance, string why);

    [LoggerMessage(1007, LogLevel.Warning, "Instance {Instance}: effect {Tool} ({Key}) is in doubt: {Why}")]
    public static partial void InDoubt(ILogger log, string instance, string tool, string key, string why);

    [LoggerMessage(1008, LogLevel.Information, "Instance {Instance}: {Count} results dropped, their task was not open.")]
    public static partial void Dropped(ILogger log, string instance, int count);

    [LoggerMessage(1009, LogLevel.Error, "The sweep for unowned instances failed; it is tried again. {Why}")]
    public static partial void SweepFault(ILogger log, Exception e, string why);

    [LoggerMessage(1014, LogLevel.Error, "A round of the queues failed in a way it should not; it is tried again. {Why}")]
    public static partial void QueueFault(ILogger log, Exception e, string why);

    [LoggerMessage(1010, LogLevel.Warning, "Instance {Instance}: no code for '{Name}' version '{Version}' here; left for another worker.")]
    public static partial void OtherVersion(ILogger log, string instance, string name, string? version);

    [LoggerMessage(1013, LogLevel.Information, "Retention removed {Count} ended instances.")]
    public static partial void Retained(ILogger log, int count);
}
