using Agents.Contracts.Instances;

namespace Agents.Replay.Session;

/// <summary>Runs attempts by a policy; every wait is a durable timer, and none follows the last attempt.</summary>
internal static class Retries
{
    public static async Task<T> RunAsync<T>(OrchestrationContext context, RetryPolicy policy, Func<Task<T>> attempt)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(policy.MaxNumberOfAttempts, 1);
        var first = context.CurrentUtcDateTime;
        for (var number = 1; ; number++)
        {
            FailureDetails failure;
            try
            {
                return await attempt();
            }
            catch (TaskFailedException e) when (MayRetry(policy, e.Failure, number, context.CurrentUtcDateTime - first))
            {
                failure = e.Failure;
            }

            var delay = policy.DelayFromFailure?.Invoke(failure) ?? PolicyDelay(policy, number);
            if (delay > TimeSpan.Zero)
            {
                await context.CreateTimer(Later(context.CurrentUtcDateTime, delay));
            }
        }
    }

    static bool MayRetry(RetryPolicy policy, FailureDetails failure, int attempts, TimeSpan elapsed) =>
        attempts < policy.MaxNumberOfAttempts
        && !failure.IsNonRetriable
        && (policy.RetryTimeout == Timeout.InfiniteTimeSpan || elapsed < policy.RetryTimeout)
        && policy.HandleFailure?.Invoke(failure) != false;

    static TimeSpan PolicyDelay(RetryPolicy policy, int attempt)
    {
        var ticks = policy.FirstRetryInterval.Ticks * Math.Pow(policy.BackoffCoefficient, attempt - 1);
        return ticks < policy.MaxRetryInterval.Ticks ? TimeSpan.FromTicks((long)ticks) : policy.MaxRetryInterval;
    }

    static DateTimeOffset Later(DateTimeOffset now, TimeSpan delay) =>
        delay < DateTimeOffset.MaxValue - now ? now + delay : DateTimeOffset.MaxValue;
}
