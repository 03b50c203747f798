using System.Text.Json.Serialization;

namespace Agents.Contracts.Instances;

/// <summary>Why an activity, a child or an orchestration failed, as the protocol carries it.</summary>
public sealed record FailureDetails(
    string ErrorType,
    string ErrorMessage,
    string? StackTrace = null,
    FailureDetails? InnerFailure = null,
    bool IsNonRetriable = false)
{
    /// <summary>What the failing code adds, as the text of a JSON object; null for nothing.</summary>
    public string? Properties { get; init; }

    /// <summary>For people: a message that brings its own code needs no type before it.</summary>
    [JsonIgnore]
    public string Text => ErrorMessage is ['A', 'G', >= '0' and <= '9', >= '0' and <= '9', >= '0' and <= '9', >= '0' and <= '9', ':', ..]
        ? ErrorMessage
        : $"{ErrorType}: {ErrorMessage}";

    /// <summary>Builds details from an exception, inner exceptions included (at most eight deep).</summary>
    public static FailureDetails From(Exception exception, bool nonRetriable = false) => From(exception, nonRetriable, 8);

    static FailureDetails From(Exception e, bool nonRetriable, int depth) => new(
        e.GetType().FullName ?? e.GetType().Name,
        e.Message,
        e.StackTrace,
        e.InnerException is { } inner && depth > 0 ? From(inner, false, depth - 1) : null,
        nonRetriable);
}
