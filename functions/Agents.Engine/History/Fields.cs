namespace Agents.Engine.History;

/// <summary>Field numbers: HistoryEvent's own, and our extras from 1000 on (see README.md of this folder).</summary>
internal static class Fields
{
    public const int EventId = 1;
    public const int Timestamp = 2;

    public const int ExecutionStarted = 3;
    public const int ExecutionCompleted = 4;
    public const int ExecutionTerminated = 5;
    public const int TaskScheduled = 6;
    public const int TaskCompleted = 7;
    public const int TaskFailed = 8;
    public const int SubOrchestrationInstanceCreated = 9;
    public const int SubOrchestrationInstanceCompleted = 10;
    public const int SubOrchestrationInstanceFailed = 11;
    public const int TimerCreated = 12;
    public const int TimerFired = 13;
    public const int OrchestratorStarted = 14;
    public const int EventSent = 16;
    public const int EventRaised = 17;
    public const int ExecutionSuspended = 21;
    public const int ExecutionResumed = 22;
    public const int ExecutionRewound = 30;

    /// <summary>In any message: stands for a string of that message which is stored apart (field, length, SHA-256).</summary>
    public const int PayloadReference = 1000;

    /// <summary>ExecutionStarted: generation of the instance.</summary>
    public const int Generation = 1001;

    /// <summary>ExecutionStarted: identity seed.</summary>
    public const int IdentitySeed = 1002;

    /// <summary>OrchestratorStarted: span of the execution (id, start), as OrchestrationTraceContext has it.</summary>
    public const int Span = 1001;

    /// <summary>TaskFailureDetails: properties, as the text of a JSON object.</summary>
    public const int Properties = 1001;

    /// <summary>TaskScheduled: effect intent (class, key as bytes, tool, key as text).</summary>
    public const int Effect = 1001;
}
