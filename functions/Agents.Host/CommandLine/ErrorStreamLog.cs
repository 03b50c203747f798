using Microsoft.Extensions.Logging;

namespace Agents.Host.CommandLine;

/// <summary>What engine and worker have to say: warnings and errors always, the rest with --verbose. Never on the output stream.</summary>
sealed class ErrorStreamLog(bool verbose) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (verbose ? LogLevel.Information : LogLevel.Warning);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Console.Error.WriteLine($"{logLevel.ToString().ToLowerInvariant()}: {formatter(state, exception)}");
            if (verbose && exception is not null)
            {
                Console.Error.WriteLine(exception);
            }
        }
    }
}
