using Google.Protobuf.WellKnownTypes;
using Instances = Agents.Contracts.Instances;
using Nouns = Agents.Contracts.Actions;

namespace Agents.Protocol.Mapping;

/// <summary>What orchestrators ask for, read from the wire and written to it.</summary>
public static class ActionWire
{
    /// <summary>
    /// Throws <see cref="WireException"/> for what no engine can do. <paramref name="own"/>: a worker of ours says it, and may
    /// say what an activity does to the world.
    /// </summary>
    public static Nouns.OrchestratorAction FromWire(OrchestratorAction wire, bool own = false)
    {
        switch (wire.OrchestratorActionTypeCase)
        {
            case OrchestratorAction.OrchestratorActionTypeOneofCase.ScheduleTask:
                var task = wire.ScheduleTask;
                return new Nouns.ScheduleTaskAction
                {
                    Id = wire.Id, Name = Named(task.Name, wire), Version = task.Version, Input = task.Input,
                    Tags = TagsWire.From(task.Tags), Trace = TraceWire.FromBytes(task.ParentTraceContext),
                    Effect = own ? EffectWire.FromWire(task.Effect) : null,
                };
            case OrchestratorAction.OrchestratorActionTypeOneofCase.CreateTimer:
                return new Nouns.CreateTimerAction
                {
                    Id = wire.Id,
                    FireAt = wire.CreateTimer.FireAt?.ToDateTimeOffset() ?? throw new WireException($"action {wire.Id}: createTimer without fireAt"),
                };
            case OrchestratorAction.OrchestratorActionTypeOneofCase.CreateSubOrchestration:
                var child = wire.CreateSubOrchestration;
                return new Nouns.CreateSubOrchestrationAction
                {
                    Id = wire.Id, InstanceId = Instance(child.InstanceId, wire), Name = Named(child.Name, wire),
                    Version = child.Version, Input = child.Input, Tags = TagsWire.From(child.Tags),
                    Trace = TraceWire.FromWire(child.ParentTraceContext),
                };
            case OrchestratorAction.OrchestratorActionTypeOneofCase.SendEvent:
                var sent = wire.SendEvent;
                return new Nouns.SendEventAction
                {
                    Id = wire.Id, InstanceId = Instance(sent.Instance?.InstanceId, wire), Name = sent.Name, Input = sent.Data,
                };
            case OrchestratorAction.OrchestratorActionTypeOneofCase.TerminateOrchestration:
                var ended = wire.TerminateOrchestration;
                return new Nouns.TerminateOrchestrationAction
                {
                    Id = wire.Id, InstanceId = Instance(ended.InstanceId, wire), Reason = ended.Reason, Recurse = ended.Recurse,
                };
            case OrchestratorAction.OrchestratorActionTypeOneofCase.CompleteOrchestration:
                return Completion(wire.Id, wire.CompleteOrchestration);
            default:
                throw new WireException($"action {wire.Id}: {wire.OrchestratorActionTypeCase} is not supported by this service");
        }
    }

    static Nouns.CompleteOrchestrationAction Completion(int id, CompleteOrchestrationAction wire)
    {
        if (wire.OrchestrationStatus is not (OrchestrationStatus.Completed or OrchestrationStatus.Failed
            or OrchestrationStatus.Terminated or OrchestrationStatus.ContinuedAsNew or OrchestrationStatus.Canceled))
        {
            throw new WireException($"action {id}: an orchestration cannot be completed as {wire.OrchestrationStatus}");
        }

        return new Nouns.CompleteOrchestrationAction
        {
            Id = id,
            Status = (Instances.OrchestrationStatus)wire.OrchestrationStatus,
            Result = wire.Result,
            Failure = FailureWire.FromWire(wire.FailureDetails),
            NewVersion = wire.NewVersion,
            CarryoverEvents = [.. wire.CarryoverEvents.Select(HistoryWire.Carried)],
        };
    }

    /// <summary>The action as a worker of ours sends it.</summary>
    public static OrchestratorAction ToWire(Nouns.OrchestratorAction action)
    {
        var wire = new OrchestratorAction { Id = action.Id };
        switch (action)
        {
            case Nouns.ScheduleTaskAction a:
                wire.ScheduleTask = new ScheduleTaskAction
                {
                    Name = a.Name, Version = a.Version, Input = a.Input, ParentTraceContext = TraceWire.ToBytes(a.Trace),
                    Effect = EffectWire.ToWire(a.Effect),
                };
                TagsWire.Add(a.Tags, wire.ScheduleTask.Tags);
                break;
            case Nouns.CreateTimerAction a:
                wire.CreateTimer = new CreateTimerAction { FireAt = a.FireAt.ToTimestamp() };
                break;
            case Nouns.CreateSubOrchestrationAction a:
                wire.CreateSubOrchestration = new CreateSubOrchestrationAction
                {
                    InstanceId = a.InstanceId, Name = a.Name, Version = a.Version, Input = a.Input,
                    ParentTraceContext = TraceWire.ToWire(a.Trace),
                };
                TagsWire.Add(a.Tags, wire.CreateSubOrchestration.Tags);
                break;
            case Nouns.SendEventAction a:
                wire.SendEvent = new SendEventAction
                {
                    Instance = new OrchestrationInstance { InstanceId = a.InstanceId }, Name = a.Name, Data = a.Input,
                };
                break;
            case Nouns.TerminateOrchestrationAction a:
                wire.TerminateOrchestration = new TerminateOrchestrationAction
                {
                    InstanceId = a.InstanceId, Reason = a.Reason, Recurse = a.Recurse,
                };
                break;
            case Nouns.CompleteOrchestrationAction a:
                wire.CompleteOrchestration = new CompleteOrchestrationAction
                {
                    OrchestrationStatus = (OrchestrationStatus)a.Status, Result = a.Result, NewVersion = a.NewVersion,
                    FailureDetails = FailureWire.ToWire(a.Failure),
                };
                wire.CompleteOrchestration.CarryoverEvents.Add(a.CarryoverEvents.Select(e => HistoryWire.ToWire(e)));
                break;
            default:
                throw new NotSupportedException($"action {action.GetType().Name} is not in the protocol");
        }

        return wire;
    }

    static string Named(string name, OrchestratorAction wire) => name.Length > 0
        ? name
        : throw new WireException($"action {wire.Id}: {wire.OrchestratorActionTypeCase} without a name");

    static string Instance(string? id, OrchestratorAction wire) => Instances.InstanceId.IsValid(id)
        ? id!
        : throw new WireException(
            $"action {wire.Id}: {wire.OrchestratorActionTypeCase}: an instance id has 1 to {Instances.InstanceId.CharactersMax} characters and no control characters");
}
