using Agents.Contracts.Client;
using Google.Protobuf.WellKnownTypes;

namespace Agents.Protocol.Mapping;

/// <summary>An instance as clients see it.</summary>
public static class StateWire
{
    /// <summary>With <paramref name="withPayloads"/> off, input, output, custom status and failure stay behind.</summary>
    public static OrchestrationState ToWire(InstanceView view, bool withPayloads)
    {
        var state = new OrchestrationState
        {
            InstanceId = view.InstanceId,
            Name = view.Name,
            Version = view.Version,
            OrchestrationStatus = (OrchestrationStatus)view.Status,
            ScheduledStartTimestamp = view.ScheduledStart?.ToTimestamp(),
            CreatedTimestamp = view.CreatedAt.ToTimestamp(),
            LastUpdatedTimestamp = view.UpdatedAt.ToTimestamp(),
            CompletedTimestamp = view.CompletedAt?.ToTimestamp(),
            ExecutionId = view.ExecutionId,
            ParentInstanceId = view.ParentInstanceId,
        };
        TagsWire.Add(view.Tags, state.Tags);
        if (withPayloads)
        {
            state.Input = view.Input;
            state.Output = view.Output;
            // A custom status is JSON text: an empty one is one that was cleared.
            state.CustomStatus = view.CustomStatus is { Length: > 0 } status ? status : null;
            state.FailureDetails = FailureWire.ToWire(view.Failure);
        }

        return state;
    }
}
