using Agents.Engine.Instances;
using Agents.Engine.Store;
using Agents.Simulation.Scheduling;
using Microsoft.Extensions.Logging;

namespace Agents.Simulation.Nodes;

/// <summary>The log of a process goes into the trace; a fault that no simulated fault explains is a find.</summary>
sealed class SimLog(SimScheduler scheduler, SimLane lane, Action<string> found) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var text = formatter(state, exception);
        scheduler.Trace.Say(lane.Name, exception is null ? text : $"{text} {exception.GetType().Name}: {exception.Message}");
        if (exception is not (null or StoreUnavailableException or UnknownOutcomeException))
        {
            // The engine noticed it itself: a reference that resolves to nothing, or whatever else it did not expect.
            var broken = exception is InvariantException && exception.Message.StartsWith("payload ", StringComparison.Ordinal) ? "[I10] " : "";
            found($"{broken}{lane.Name}: {text} {exception}");
        }
    }
}
