namespace Agents.Host.Verification;

/// <summary>What one request came to. Outcome: right, missed (no call where one was called for), needless, wrongTool, badArguments, failed.</summary>
sealed record CaseResult(string Case, string Outcome, string? Detail);

/// <summary>
/// How well a served model calls tools, on the fixed set. Trigger: whether it calls when it should and only then. Schema:
/// whether what it calls with is what the tool takes. Both belong to the server as much as to the model: the same weights
/// behind another parser score otherwise.
/// </summary>
sealed record VerificationReport
{
    public required string Model { get; init; }

    public required string BaseUrl { get; init; }

    public required int Requests { get; init; }

    /// <summary>Requests without an answer that could be judged.</summary>
    public required int Failed { get; init; }

    /// <summary>Of the requests with a call, the share in which one was called for; null without any.</summary>
    public double? TriggerPrecision { get; init; }

    /// <summary>Of the requests that called for a tool, the share with a call; null without any.</summary>
    public double? TriggerRecall { get; init; }

    /// <summary>Of the calls where one was called for, the share of the tool meant.</summary>
    public double? ToolAccuracy { get; init; }

    /// <summary>Calls made, several in one reply counted each.</summary>
    public required int Calls { get; init; }

    /// <summary>Of the calls, the share whose arguments meet the tool's schema.</summary>
    public double? SchemaAccuracy { get; init; }

    public required IReadOnlyList<CaseResult> NotRight { get; init; }

    /// <summary>F1: the harmonic mean of precision and recall of the trigger; null where there is none.</summary>
    public double? TriggerF1 => TriggerPrecision + TriggerRecall is > 0 and var sum ? 2 * TriggerPrecision * TriggerRecall / sum : null;
}
