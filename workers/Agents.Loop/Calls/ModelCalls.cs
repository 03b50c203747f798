using System.Text.Json;
using Agents.Contracts;
using Agents.Contracts.Instances;
using Agents.Contracts.Runs;
using Agents.Contracts.Transcript;
using Agents.Loop.View;
using Agents.Replay;

namespace Agents.Loop.Calls;

/// <summary>A reply and where it is kept, or why there is none.</summary>
sealed record ModelAnswer(ModelReply? Reply, long Sequence, string? StopReason = null, string? Detail = null);

/// <summary>Calls the model: view operations in, reply out; retries are durable timers, an overflow is mended once.</summary>
sealed class ModelCalls(OrchestrationContext context, RunInput input, ContextView view)
{
    static readonly TimeSpan s_retryFirst = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_retryMax = TimeSpan.FromMinutes(1);

    // Runs that fail together must not come back together; the spread is fixed by the run, so replay agrees.
    readonly TimeSpan _spread = TimeSpan.FromMilliseconds(Spread(context.RunIdentity));
    readonly List<long> _hidden = [];
    ViewCut? _cut;
    int? _previous;

    /// <summary>
    /// One step's call. Without a reply nothing joined the conversation: what was appended and hidden is named again
    /// by the next call.
    /// </summary>
    public async Task<ModelAnswer> CallAsync(int step, IReadOnlyList<ViewItem> appended, TimeSpan? wallTimeLeft)
    {
        _hidden.AddRange(view.Choose());
        _cut = view.ChooseCut(appended)?.After(_cut) ?? _cut;
        var mended = false;
        while (true)
        {
            try
            {
                return await CallOnceAsync(step, appended, wallTimeLeft);
            }
            catch (TaskFailedException e) when (!mended
                && ModelFailure.KindOf(e.Failure) is ModelErrorKind.ContextOverflow or ModelErrorKind.TooLarge)
            {
                mended = true;
                var more = view.ChooseAll();
                var cut = view.ChooseCutAll(appended);
                if (more.Count == 0 && cut is null)
                {
                    return Stopped(e.Failure);
                }

                _hidden.AddRange(more);
                _cut = cut?.After(_cut) ?? _cut;
            }
            catch (TaskFailedException e)
            {
                return Stopped(e.Failure);
            }
        }
    }

    async Task<ModelAnswer> CallOnceAsync(int step, IReadOnlyList<ViewItem> appended, TimeSpan? wallTimeLeft)
    {
        var call = new ModelCallInput { Previous = _previous, Step = step, Appended = appended, Hidden = _hidden, Cut = _cut };
        var options = new TaskOptions { Retry = Retry(wallTimeLeft), Tags = QueueTags.Of(input.Model.Queue) };
        var result = await context.CallActivityRawAsync(AgentRun.CallModel, call.ToJson(), options);
        var reply = JsonSerializer.Deserialize(result.Value ?? "", ContractsJson.Default.ModelReply)
            ?? throw new InvalidOperationException("CallModel gave no reply");
        _previous = result.TaskId;
        _hidden.Clear();
        _cut = null;
        view.Answered(reply, result.Reference.Sequence, appended);
        return new ModelAnswer(reply, result.Reference.Sequence);
    }

    static ModelAnswer Stopped(FailureDetails failure) => new(null, -1, ModelFailure.KindOf(failure) switch
    {
        ModelErrorKind.ContextOverflow or ModelErrorKind.TooLarge => StopReasons.ContextOverflow,
        ModelErrorKind.ContentFilter => StopReasons.ContentFilter,
        ModelErrorKind.ReasoningOnly or ModelErrorKind.EmptyReply => StopReasons.EmptyReply,
        _ => StopReasons.ModelError,
    }, failure.ErrorMessage);

    RetryPolicy Retry(TimeSpan? wallTimeLeft) => new(Math.Max(1, input.Limits.ModelAttempts), s_retryFirst + _spread)
    {
        BackoffCoefficient = 2,
        MaxRetryInterval = s_retryMax,
        RetryTimeout = wallTimeLeft is { } left && left > TimeSpan.Zero ? left : Timeout.InfiniteTimeSpan,
        HandleFailure = failure => !failure.IsNonRetriable,
        DelayFromFailure = ModelFailure.RetryAfter,
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
