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

    [LoggerMessage(1162, LogLevel.Warning, "A group of {Writes} writes collided with another transaction ({State}); it is written again")]
    public static partial void Collided(ILogger logger, int writes, string state);
}
