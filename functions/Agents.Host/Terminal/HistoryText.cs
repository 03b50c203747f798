using Agents.Client.Runs;
using Agents.Contracts.History;

namespace Agents.Host.Terminal;

/// <summary>One history event on one line.</summary>
static class HistoryText
{
    const int TextCharactersMax = 140;

    public static string Line(HistoryItem item) =>
        $"{item.Sequence,6}  {item.Event.Timestamp:HH:mm:ss.fff}  {Name(item.Event),-22} {Figures.Short(Rest(item.Event), TextCharactersMax)}";

    static string Name(HistoryEvent e) => e.GetType().Name;

    static string Rest(HistoryEvent e) => e switch
    {
        ExecutionStarted s => $"{s.Name} {s.Version} {s.Input}",
        TaskScheduled t => $"#{t.EventId} {t.Name} {t.Input}{(t.Effect is { } effect ? $" {effect.Class} {effect.Key[..12]}" : "")}",
        TaskCompleted t => $"#{t.TaskScheduledId} {t.Result}",
        TaskFailed t => $"#{t.TaskScheduledId} {t.Failure.ErrorType}: {t.Failure.ErrorMessage}",
        TimerCreated t => $"#{t.EventId} fires {t.FireAt:u}",
        TimerFired t => $"#{t.TimerId}",
        EventRaised r => $"{r.Name} {r.Input}",
        EventSent s => $"to {s.InstanceId}: {s.Name} {s.Input}",
        SubOrchestrationInstanceCreated c => $"#{c.EventId} {c.Name} {c.InstanceId}",
        SubOrchestrationInstanceCompleted c => $"#{c.TaskScheduledId} {c.Result}",
        SubOrchestrationInstanceFailed c => $"#{c.TaskScheduledId} {c.Failure.ErrorType}: {c.Failure.ErrorMessage}",
        ExecutionCompleted c => $"{c.Status} {c.Result}{c.Failure?.ErrorMessage}",
        ExecutionTerminated t => t.Input ?? "",
        ExecutionSuspended s => s.Reason ?? "",
        ExecutionResumed r => r.Reason ?? "",
        ExecutionRewound r => r.Reason ?? "",
        _ => "",
    };
}
