using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Loop.View;
using Agents.Replay;

namespace Agents.Loop.Calls;

/// <summary>A reply and where it is kept, or why the run ends without one.</summary>
sealed record ModelAnswer(ModelReply? Reply, long Sequence, string? StopReason = null, string? Detail = null);

/// <summary>Calls the model: view operations in, reply out; retries are durable timers, an overflow is mended once.</summary>
sealed class ModelCalls(OrchestrationContext context, RunInput input, ContextView view)
{
    static readonly TimeSpan s_retryFirst = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_retryMax = TimeSpan.FromMinutes(1);

    // Runs that fail together must not come back together; the spread is fixed by the run, so replay agrees.
    readonly TimeSpan _spread = TimeSpan.FromMilliseconds(Spread(context.RunIdentity));
    int? _previous;

    public async Task<ModelAnswer> CallAsync(int step, IReadOnlyList<ViewItem> appended, TimeSpan? wallTimeLeft)
    {
        var hidden = view.Choose();
        var mended = false;
        while (true)
        {
            var call = new ModelCallInput { Previous = _previous, Step = step, Appended = appended, Hidden = hidden };
            try
            {
                var options = new TaskOptions { Retry = Retry(wallTimeLeft) };
                var result = await context.CallActivityRawAsync(AgentRun.CallModel, call.ToJson(), options);
                var reply = JsonSerializer.Deserialize(result.Value ?? "", ContractsJson.Default.ModelReply)
                    ?? throw new InvalidOperationException("CallModel gave no reply");
                _previous = result.TaskId;
                view.Answered(reply);
                return new ModelAnswer(reply, result.Reference.Sequence);
            }
            catch (TaskFailedException e) when (e.Failure.ErrorType == ActivityFailures.ContextOverflow && !mended)
            {
                mended = true;
                var more = view.ChooseAll();
                if (more.Count == 0)
                {
                    return Stopped(e.Failure);
                }

                hidden = [.. hidden, .. more];
            }
            catch (TaskFailedException e)
            {
                return Stopped(e.Failure);
            }
        }
    }

    static ModelAnswer Stopped(FailureDetails failure) => new(null, -1, failure.ErrorType switch
    {
        ActivityFailures.ContextOverflow => StopReasons.ContextOverflow,
        ActivityFailures.ContentFilter => StopReasons.ContentFilter,
        _ => StopReasons.ModelError,
    }, failure.ErrorMessage);

    RetryPolicy Retry(TimeSpan? wallTimeLeft) => new(Math.Max(1, input.Limits.ModelAttempts), s_retryFirst + _spread)
    {
        BackoffCoefficient = 2,
        MaxRetryInterval = s_retryMax,
        RetryTimeout = wallTimeLeft is { } left && left > TimeSpan.Zero ? left : Timeout.InfiniteTimeSpan,
        HandleFailure = failure => !failure.IsNonRetriable,
        DelayFromFailure = ActivityFailures.RetryAfter,
    };

    static int Spread(string text)
    {
        var hash = 2_166_136_261u;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 16_777_619u;
        }

        return (int)(hash % 500);
    }
}
