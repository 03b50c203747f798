using Microsoft.Extensions.Logging;

namespace Agents.Worker;

static partial class Log
{
    [LoggerMessage(7101, LogLevel.Information, "The engine did not hear of work on {Instance}: {Why}. It hands it out again.")]
    public static partial void NotHeard(ILogger log, string instance, string why);

    [LoggerMessage(7102, LogLevel.Error, "Work on {Instance} failed in a way it should not; the engine hands it out again.")]
    public static partial void WorkFault(ILogger log, Exception e, string instance);

    [LoggerMessage(7103, LogLevel.Warning, "What came of {Name} of run {Instance} is not kept yet ({Why}); it is said again.")]
    public static partial void SaysAgain(ILogger log, string name, string instance, string why);
}
