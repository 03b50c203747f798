using System.Globalization;
using Agents.Contracts.Instances;

namespace Agents.Loop.Calls;

/// <summary>Failure types the CallModel activity reports and the loop tells apart, and how a failure asks for patience.</summary>
public static class ActivityFailures
{
    /// <summary>The prompt is larger than the model's window.</summary>
    public const string ContextOverflow = "ModelContextOverflow";

    /// <summary>The provider refused prompt or reply for its content.</summary>
    public const string ContentFilter = "ModelContentFilter";

    const string RetryAfterType = "RetryAfterMs";
    static readonly TimeSpan s_retryAfterMax = TimeSpan.FromHours(1);

    /// <summary>Adds the wait the server asked for; it travels as an inner failure, which every history format keeps.</summary>
    public static FailureDetails WithRetryAfter(FailureDetails failure, TimeSpan wait) => failure with
    {
        InnerFailure = new FailureDetails(
            RetryAfterType, ((long)wait.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)),
    };

    /// <summary>The wait a failure asks for, at most an hour; null when it asks for none.</summary>
    public static TimeSpan? RetryAfter(FailureDetails failure) =>
        failure.InnerFailure is { ErrorType: RetryAfterType } inner
        && long.TryParse(inner.ErrorMessage, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            ? TimeSpan.FromMilliseconds(Math.Min(milliseconds, (long)s_retryAfterMax.TotalMilliseconds))
            : null;
}
