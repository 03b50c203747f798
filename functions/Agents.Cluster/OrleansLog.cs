using Microsoft.Extensions.Logging;

namespace Agents.Cluster;

/// <summary>
/// Orleans' own messages. What matters to an operator (who came, who went, who is held for dead) this project says itself;
/// the rest is for whoever asks for details.
/// </summary>
internal sealed class OrleansLog(ILogger log) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Part(log, categoryName);

    public void Dispose()
    {
        // Nothing is held.
    }

    sealed class Part(ILogger log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && log.IsEnabled(LogLevel.Debug);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Cluster.Log.OfOrleans(log, category, formatter(state, exception), exception?.Message);
            }
        }
    }
}
