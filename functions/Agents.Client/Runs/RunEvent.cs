using System.Text.Json;
using Agents.Contracts.Client;
using Agents.Contracts.Transcript;

namespace Agents.Client.Runs;

/// <summary>
/// One event of a run's stream as readers get it, over SSE and in process alike. <see cref="Offset"/> names it for
/// good: reading after it gives exactly what came next.
/// </summary>
public abstract record RunEvent(StreamOffset Offset, DateTimeOffset? At)
{
    /// <summary>The run's status or step changed, or a person said something.</summary>
    public sealed record Status(
        StreamOffset Offset, DateTimeOffset? At, string State, int Step, int? StepsMax, string? Note) : RunEvent(Offset, At);

    public sealed record Reasoning(StreamOffset Offset, int Step, int Attempt, string Text) : RunEvent(Offset, null);

    public sealed record Content(StreamOffset Offset, int Step, int Attempt, string Text) : RunEvent(Offset, null);

    /// <summary>The model asked for a tool call; arguments as it wrote them.</summary>
    public sealed record ToolCall(
        StreamOffset Offset, DateTimeOffset? At, int Step, int Call, string Id, string Tool, string Arguments)
        : RunEvent(Offset, At);

    public sealed record ToolResult(
        StreamOffset Offset, DateTimeOffset? At, int Step, int Call, string Tool, string Result, bool IsError,
        string? Artifact, long DurationMs) : RunEvent(Offset, At);

    /// <summary>Reasoning and content of this step's attempt are void.</summary>
    public sealed record Retract(StreamOffset Offset, int Step, int Attempt) : RunEvent(Offset, null);

    /// <summary>A model call ended: what it used.</summary>
    public sealed record Usage(
        StreamOffset Offset, DateTimeOffset? At, int Step, string? Model, TokenUsage Tokens, decimal? CostUsd,
        long DurationMs, long? FirstTokenMs, string Finish) : RunEvent(Offset, At);

    /// <summary>The run has ended; the last event of a stream.</summary>
    public sealed record Done(StreamOffset Offset, DateTimeOffset? At, string State, RunEnd End) : RunEvent(Offset, At);
}

/// <summary>How a run ended.</summary>
public sealed record RunEnd
{
    public required string StopReason { get; init; }
    public int Steps { get; init; }
    public int ToolCalls { get; init; }
    public string? Model { get; init; }
    public string? Answer { get; init; }
    public JsonElement? Structured { get; init; }
    public TokenUsage Usage { get; init; } = new();
    public decimal? CostUsd { get; init; }
    public string? Detail { get; init; }
}
