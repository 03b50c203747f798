using Microsoft.Extensions.Logging;

namespace Agents.Engine.Postgres;

internal static partial class Log
{
    [LoggerMessage(1160, LogLevel.Information,
        "Store: {Where}, server {Version}, fsync {Fsync}, synchronous_commit {SynchronousCommit}, full_page_writes {FullPageWrites}")]
    public static partial void Opened(
        ILogger logger, string where, string version, string fsync, string synchronousCommit, string fullPageWrites);

    [LoggerMessage(1161, LogLevel.Warning,
        "AG1116: {Where} may lose what it acknowledged when its machine stops: set fsync, full_page_writes and synchronous_commit to on")]
    public static partial void NotDurable(ILogger logger, string where);

    [LoggerMessage(1163, LogLevel.Warning, "AG1119: the other nodes are not heard: {Why}")]
    public static partial void Deaf(ILogger logger, string why);

    [LoggerMessage(1164, LogLevel.Warning, "Node {Node} did not count for a while (it meant to every {Every}): what it owned is taken over")]
    public static partial void Buried(ILogger logger, string node, TimeSpan every);

    [LoggerMessage(1165, LogLevel.Error, "AG1118: the other nodes of {Where} hold this one for dead; it stops")]
    public static partial void DeclaredDead(ILogger logger, string where);

    [LoggerMessage(1166, LogLevel.Information, "This node left unheard: {Why}")]
    public static partial void LeftUnheard(ILogger logger, string why);

    [LoggerMessage(1167, LogLevel.Information, "A pooler stands before {Where}: statements are not kept prepared")]
    public static partial void Pooled(ILogger logger, string where);

    [LoggerMessage(1162, LogLevel.Warning, "A group of {Writes} writes collided with another transaction ({State}); it is written again")]
    public static partial void Collided(ILogger logger, int writes, string state);
}
