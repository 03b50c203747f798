using System.Globalization;
using Agents.Contracts.Instances;

namespace Agents.Contracts.Runs;

/// <summary>
/// The one way a failed model call travels through history. Failure details have no properties of their own, so the
/// kind is the error type ("Model.RateLimited") and the server's wait is the last part of the message
/// (" [retry-after-ms=1500]"). Reading is pure: orchestrators decide on it and replay decides the same.
/// </summary>
public static class ModelFailure
{
    /// <summary>Longest wait believed from a server; plan limits last hours, a month is a mistake.</summary>
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromHours(24);

    const string TypePrefix = "Model.";
    const string WaitPrefix = " [retry-after-ms=";

    /// <summary>The error type of a kind.</summary>
    public static string TypeOf(ModelErrorKind kind) => TypePrefix + kind;

    /// <summary>Whether the same request may be sent again later without any change.</summary>
    public static bool IsRetriable(ModelErrorKind kind) => kind is
        ModelErrorKind.Transient or ModelErrorKind.RateLimited or ModelErrorKind.EmptyReply;

    public static FailureDetails Create(ModelErrorKind kind, string message, TimeSpan? retryAfter = null)
    {
        if (retryAfter is { } wait)
        {
            var bounded = wait < TimeSpan.Zero ? TimeSpan.Zero : wait > RetryAfterMax ? RetryAfterMax : wait;
            message = string.Create(
                CultureInfo.InvariantCulture, $"{message}{WaitPrefix}{(long)Math.Ceiling(bounded.TotalMilliseconds)}]");
        }

        return new FailureDetails(TypeOf(kind), message, IsNonRetriable: !IsRetriable(kind));
    }

    /// <summary>The kind of a failed model call; null for a failure of another origin.</summary>
    public static ModelErrorKind? KindOf(FailureDetails failure) =>
        failure.ErrorType.StartsWith(TypePrefix, StringComparison.Ordinal)
        && Enum.TryParse<ModelErrorKind>(failure.ErrorType[TypePrefix.Length..], out var kind)
        && Enum.IsDefined(kind)
            ? kind
            : null;

    /// <summary>The wait the server asked for; null when it named none.</summary>
    public static TimeSpan? RetryAfter(FailureDetails failure)
    {
        var text = failure.ErrorMessage;
        var start = text.LastIndexOf(WaitPrefix, StringComparison.Ordinal);
        if (KindOf(failure) is null || start < 0 || !text.EndsWith(']'))
        {
            return null;
        }

        var digits = text.AsSpan()[(start + WaitPrefix.Length)..^1];
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            && ms <= RetryAfterMax.TotalMilliseconds
                ? TimeSpan.FromMilliseconds(ms)
                : null;
    }
}
