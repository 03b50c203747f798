using Agents.Contracts.Instances;
using Agents.Engine.Grpc.Hubs;
using Grpc.Core;
using Nouns = Agents.Contracts.Client;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>What every call checks and every refusal says.</summary>
internal static class Calls
{
    public const string TaskHubHeader = "taskhub";

    public static string? TaskHub(ServerCallContext context) => context.RequestHeaders.GetValue(TaskHubHeader) is { Length: > 0 } name
        ? name
        : null;

    /// <summary>The hub that the call names; it stays open until the call has ended.</summary>
    public static async ValueTask<TaskHub> EnterAsync(this ITaskHubs hubs, ServerCallContext context)
    {
        var (hub, part) = await hubs.EnterAsync(TaskHub(context), context.CancellationToken);
        context.GetHttpContext().Response.RegisterForDispose(part);
        return hub;
    }

    /// <summary>Names one network connection.</summary>
    public static string Connection(ServerCallContext context) => context.GetHttpContext().Connection.Id;

    public static InstanceId Instance(string id) => InstanceId.IsValid(id)
        ? new InstanceId(id)
        : throw Bad($"instanceId: 1 to {InstanceId.CharactersMax} characters without control characters");

    public static RpcException Bad(string what) => new(new Status(StatusCode.InvalidArgument, what));

    public static RpcException NotFound(string id) => new(new Status(StatusCode.NotFound, $"There is no instance '{id}'."));

    public static RpcException Refused(string why) => new(new Status(StatusCode.FailedPrecondition, why));

    public static RpcException NoEntities() => new(new Status(
        StatusCode.Unimplemented, "This service has no entities; orchestrations and activities only."));

    /// <summary>Throws what a client should be told of a command that did not reach an instance; a finished one takes none and that is fine.</summary>
    public static void Sent(Nouns.SendOutcome outcome, string id)
    {
        if (outcome == Nouns.SendOutcome.NotFound)
        {
            throw NotFound(id);
        }
    }
}
