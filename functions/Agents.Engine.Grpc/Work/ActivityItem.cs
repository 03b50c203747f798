using Agents.Contracts.Work;
using Agents.Protocol;
using Agents.Protocol.Mapping;

namespace Agents.Engine.Grpc.Work;

/// <summary>An activity that waits for a worker or is with one.</summary>
internal sealed class ActivityItem(ActivityWorkItem work)
    : PendingItem(work.InstanceId, work.ExecutionId, work.Name, work.Version)
{
    public int TaskId => work.TaskId;

    public override WorkKind Kind => WorkKind.Activity;

    public override ValueTask<WorkItem> BuildAsync(WorkerStream worker, string token, CancellationToken cancel)
    {
        var request = new ActivityRequest
        {
            Name = work.Name,
            Version = work.Version,
            Input = work.Input,
            OrchestrationInstance = new OrchestrationInstance { InstanceId = work.InstanceId, ExecutionId = work.ExecutionId.Value },
            TaskId = work.TaskId,
            ParentTraceContext = TraceWire.ToWire(work.Trace),
        };
        TagsWire.Add(work.Tags, request.Tags);
        return new(new WorkItem { ActivityRequest = request, CompletionToken = token });
    }
}
