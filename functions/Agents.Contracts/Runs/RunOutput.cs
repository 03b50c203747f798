using System.Text.Json;
using Agents.Contracts.Transcript;

namespace Agents.Contracts.Runs;

/// <summary>The result of a run; the output of its orchestration.</summary>
public sealed record RunOutput
{
    /// <summary>One of <see cref="StopReasons"/>.</summary>
    public required string StopReason { get; init; }

    /// <summary>Final text, or the last content before the run stopped.</summary>
    public string? Answer { get; init; }

    /// <summary>The answer as JSON where an output schema was asked for and met.</summary>
    public JsonElement? Structured { get; init; }
    public int Steps { get; init; }
    public int ToolCalls { get; init; }
    public int BadCalls { get; init; }
    public TokenUsage Usage { get; set; } = new();
    public decimal? CostUsd { get; init; }
    public string? Model { get; init; }

    /// <summary>For a stop that is not an answer: what happened, in a sentence.</summary>
    public string? Detail { get; init; }
}

/// <summary>Why a run ended. A run ends with exactly one of these.</summary>
public static class StopReasons
{
    public const string Answer = "answer";
    public const string StepLimit = "step_limit";
    public const string ToolCallLimit = "tool_call_limit";
    public const string TokenLimit = "token_limit";
    public const string CostLimit = "cost_limit";
    public const string WallTimeLimit = "wall_time_limit";
    public const string Cancelled = "cancelled";
    public const string BadCalls = "bad_calls";
    public const string BadAnswer = "bad_answer";
    public const string ContextOverflow = "context_overflow";
    public const string OutputLength = "output_length";
    public const string ContentFilter = "content_filter";
    public const string Refusal = "refusal";
    public const string EmptyReply = "empty_reply";
    public const string ModelError = "model_error";
    public const string Failed = "failed";
}
