using Agents.Engine.Grpc.Work;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc;

internal static partial class Log
{
    [LoggerMessage(6101, LogLevel.Information, "Worker {Worker} connected to task hub {Hub}.")]
    public static partial void Connected(ILogger log, string worker, string hub);

    [LoggerMessage(6102, LogLevel.Information, "Worker {Worker} left task hub {Hub}.")]
    public static partial void Disconnected(ILogger log, string worker, string hub);

    [LoggerMessage(6103, LogLevel.Warning, "{Kind} {Name} of {Instance} goes to another worker: {Worker} lost its stream and did not complete it.")]
    public static partial void Redelivered(ILogger log, WorkKind kind, string name, string instance, string worker);

    [LoggerMessage(6104, LogLevel.Warning, "A turn of {Name} ({Instance}) goes to another worker: {Worker} has not answered it.")]
    public static partial void Expired(ILogger log, string name, string instance, string worker);

    [LoggerMessage(6105, LogLevel.Information, "A completion of an {Kind} item of '{Instance}' changed nothing: {Why}.")]
    public static partial void Stale(ILogger log, WorkKind kind, string instance, string why);

    [LoggerMessage(6106, LogLevel.Warning, "{Kind} {Name} of {Instance}: the answer of {Worker} means nothing: {Why}. It comes again later.")]
    public static partial void Nonsense(ILogger log, WorkKind kind, string name, string instance, string worker, string why);

    [LoggerMessage(6107, LogLevel.Information, "{Kind} {Name} version '{Version}' of {Instance} was given back by {Worker}.")]
    public static partial void Abandoned(ILogger log, WorkKind kind, string name, string version, string instance, string worker);

    [LoggerMessage(6108, LogLevel.Warning, "No compatible worker for {Kind} {Name} version '{Version}': {Count} wait, the longest for {Age}.")]
    public static partial void Unserved(ILogger log, WorkKind kind, string name, string version, int count, TimeSpan age);

    [LoggerMessage(6115, LogLevel.Information, "{Kind} {Name} version '{Version}' has a compatible worker again, or nobody waits for it.")]
    public static partial void ServedAgain(ILogger log, WorkKind kind, string name, string version);

    [LoggerMessage(6113, LogLevel.Warning, "Call of {Name} by run {Instance}: {Why}.")]
    public static partial void GivenUp(ILogger log, string name, string instance, string why);

    [LoggerMessage(6117, LogLevel.Warning, "The result of {Name} of {Instance} is not kept, and the activity has failed: {Why}.")]
    public static partial void NotKept(ILogger log, string name, string instance, string why);

    [LoggerMessage(6116, LogLevel.Warning, "Attempt at {Name} of run {Instance}: {Why}.")]
    public static partial void AttemptLost(ILogger log, string name, string instance, string why);

    [LoggerMessage(6114, LogLevel.Warning, "Worker {Worker} has no activity {Name} version '{Version}' and sets no filters; the call waits for another worker.")]
    public static partial void NotKnownThere(ILogger log, string name, string version, string worker);

    [LoggerMessage(6111, LogLevel.Warning, "Event {Event} for {Instance} is dropped: there is no such instance.")]
    public static partial void EventForNobody(ILogger log, string @event, string instance);

    [LoggerMessage(6112, LogLevel.Information, "{Instance} is not purged: {Why}")]
    public static partial void NotPurged(ILogger log, string instance, string why);

    [LoggerMessage(6109, LogLevel.Error, "{Method} failed in a way it should not.")]
    public static partial void CallFault(ILogger log, Exception e, string method);

    [LoggerMessage(6110, LogLevel.Information, "{Method} was refused: {Status}: {Why}")]
    public static partial void CallRefused(ILogger log, string method, global::Grpc.Core.StatusCode status, string why);
}
