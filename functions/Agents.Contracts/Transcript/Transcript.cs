using System.Text.Json.Serialization;

namespace Agents.Contracts.Transcript;

/// <summary>
/// A tool call as the model wrote it. <paramref name="Arguments"/> is the raw text, byte for byte: never parsed and
/// written again. <paramref name="Id"/> is the provider's opaque id and may repeat across steps.
/// </summary>
public sealed record ToolCall(int Index, string Id, string Name, string Arguments);

/// <summary>Tokens of one model call in the four priced buckets, plus reasoning tokens (a part of Out).</summary>
public sealed record TokenUsage(long InMiss = 0, long InHit = 0, long InWrite = 0, long Out = 0, long Reasoning = 0)
{
    [JsonIgnore]
    public long In => InMiss + InHit + InWrite;

    [JsonIgnore]
    public long Total => In + Out;

    public static TokenUsage operator +(TokenUsage a, TokenUsage b) => new(
        a.InMiss + b.InMiss, a.InHit + b.InHit, a.InWrite + b.InWrite, a.Out + b.Out, a.Reasoning + b.Reasoning);
}

/// <summary>Why a model stopped. Anything else is a failed attempt, never an answer.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FinishReason>))]
public enum FinishReason
{
    Stop = 0,
    ToolCalls = 1,
    Length = 2,
    ContentFilter = 3,
    Refusal = 4,
}

/// <summary>The stored result of one model call: the assistant message, once, as it came.</summary>
public sealed record ModelReply
{
    public string? Reasoning { get; init; }
    public string? Content { get; init; }
    public IReadOnlyList<ToolCall> ToolCalls { get; set; } = [];
    public required FinishReason Finish { get; init; }
    public TokenUsage Usage { get; set; } = new();

    /// <summary>Model id as the server reported it.</summary>
    public string? Model { get; init; }

    /// <summary>Chain digest (64 hexadecimal digits) of the view this reply answers.</summary>
    public string? PromptDigest { get; init; }

    /// <summary>USD at the price row in force at call time; null where the profile has no prices.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>Wall time of the call in milliseconds.</summary>
    public long DurationMs { get; init; }

    /// <summary>Milliseconds to the first token; null when nothing was streamed.</summary>
    public long? FirstTokenMs { get; init; }
}

/// <summary>The stored result of one tool call: what the model reads back.</summary>
public sealed record ToolReply
{
    public required string Content { get; init; }

    /// <summary>The call was refused or failed in a way the model may mend.</summary>
    public bool IsError { get; init; }

    /// <summary>The call was malformed (unknown tool, arguments that are no JSON or fail the schema).</summary>
    public bool IsBadCall { get; init; }

    /// <summary>Handle of the full result where <see cref="Content"/> holds only its head and tail.</summary>
    public string? Artifact { get; init; }

    /// <summary>Length of the full result in bytes of UTF-8, where offloaded.</summary>
    public long? ArtifactBytes { get; init; }

    public long DurationMs { get; init; }
}
