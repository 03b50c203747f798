using Agents.Contracts.Instances;
using Agents.Contracts.Work;

namespace Agents.Protocol.Mapping;

/// <summary>Attempts of activities and what became of them, between the engine and workers of ours.</summary>
public static class AttemptWire
{
    public static AttemptInfo ToWire(ActivityWorkItem item) => new()
    {
        Generation = item.Generation, ScheduledSequence = item.ScheduledSequence, Effect = EffectWire.ToWire(item.Effect),
        ForkOf = item.ForkOf, Reconcile = item.Mode == ActivityMode.Reconcile, Token = item.AttemptToken, Number = item.Attempt,
    };

    /// <summary>
    /// The item as a worker runs it. Whether earlier attempts are gone is not told: the worker knows more of workers.
    /// </summary>
    public static ActivityWorkItem FromWire(ActivityRequest request, AttemptInfo attempt) => new()
    {
        InstanceId = new InstanceId(request.OrchestrationInstance.InstanceId),
        ExecutionId = new ExecutionId(request.OrchestrationInstance.ExecutionId),
        Generation = attempt.Generation,
        TaskId = request.TaskId,
        ScheduledSequence = attempt.ScheduledSequence,
        Name = request.Name,
        Version = request.Version,
        Input = request.Input,
        Tags = TagsWire.From(request.Tags),
        Trace = TraceWire.FromWire(request.ParentTraceContext),
        Effect = EffectWire.FromWire(attempt.Effect),
        ForkOf = attempt.ForkOf,
        Mode = attempt.Reconcile ? ActivityMode.Reconcile : ActivityMode.Execute,
        AttemptToken = attempt.Token,
        Attempt = attempt.Number,
    };

    public static SettleRequest Settle(ActivityWorkItem item, string token, ActivityOutcome outcome)
    {
        var request = new SettleRequest
        {
            CompletionToken = token, InstanceId = item.InstanceId, ExecutionId = item.ExecutionId, TaskId = item.TaskId,
            Attempt = ToWire(item),
        };
        switch (outcome)
        {
            case ActivityOutcome.Completed done:
                request.Done = new AttemptDone { Result = done.Result, Evidence = done.Evidence };
                break;
            case ActivityOutcome.Failed failed:
                request.Failed = FailureWire.ToWire(failed.Failure);
                break;
            case ActivityOutcome.NotStarted:
                request.NotStarted = "";
                break;
            case ActivityOutcome.Absent absent:
                request.Absent = absent.Evidence;
                break;
            case ActivityOutcome.InDoubt doubt:
                request.InDoubt = doubt.Why;
                break;
            default:
                throw new NotSupportedException($"outcome {outcome.GetType().Name} is not what a worker says of its own attempt");
        }

        return request;
    }

    /// <summary>Throws <see cref="WireException"/> where none is given.</summary>
    public static ActivityOutcome Outcome(SettleRequest request) => request.OutcomeCase switch
    {
        SettleRequest.OutcomeOneofCase.Done => new ActivityOutcome.Completed(request.Done.Result, request.Done.Evidence),
        SettleRequest.OutcomeOneofCase.Failed => new ActivityOutcome.Failed(FailureWire.FromWire(request.Failed)!),
        SettleRequest.OutcomeOneofCase.NotStarted => new ActivityOutcome.NotStarted(),
        SettleRequest.OutcomeOneofCase.Absent => new ActivityOutcome.Absent(request.Absent),
        SettleRequest.OutcomeOneofCase.InDoubt => new ActivityOutcome.InDoubt(request.InDoubt),
        _ => throw new WireException("outcome: say what became of the attempt"),
    };
}
