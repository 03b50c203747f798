using Agents.Contracts.Instances;
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

    public override ValueTask<WorkItem> BuildAsync(WorkerStream worker, string token, CancellationToken cancel) =>
        new(Message(this, token, work.TaskId, work.Input, work.Trace, work.Tags));

    public static WorkItem Message(
        PendingItem item, string token, int taskId, string? input, TraceLink? trace, IReadOnlyDictionary<string, string>? tags)
    {
        var request = new ActivityRequest
        {
            Name = item.Name,
            Version = item.Version.Length == 0 ? null : item.Version,
            Input = input,
            OrchestrationInstance = new OrchestrationInstance { InstanceId = item.InstanceId, ExecutionId = item.ExecutionId.Value },
            TaskId = taskId,
            ParentTraceContext = TraceWire.ToWire(trace),
        };
        TagsWire.Add(tags, request.Tags);
        return new WorkItem { ActivityRequest = request, CompletionToken = token };
    }
}
