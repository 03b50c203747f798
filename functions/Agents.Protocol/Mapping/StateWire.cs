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

    /// <summary>What the wire tells of an instance; its generation is not on it.</summary>
    public static InstanceView FromWire(OrchestrationState state) => new()
    {
        InstanceId = state.InstanceId, ExecutionId = state.ExecutionId ?? "", Generation = 0, Name = state.Name, Version = state.Version,
        Status = (Contracts.Instances.OrchestrationStatus)state.OrchestrationStatus,
        CreatedAt = state.CreatedTimestamp?.ToDateTimeOffset() ?? default, UpdatedAt = state.LastUpdatedTimestamp?.ToDateTimeOffset() ?? default,
        CompletedAt = state.CompletedTimestamp?.ToDateTimeOffset(), ScheduledStart = state.ScheduledStartTimestamp?.ToDateTimeOffset(),
        Input = state.Input, Output = state.Output, CustomStatus = state.CustomStatus, Failure = FailureWire.FromWire(state.FailureDetails),
        ParentInstanceId = state.ParentInstanceId, Tags = TagsWire.From(state.Tags),
    };
}
