using Agents.Contracts.Client;
using Agents.Contracts.Instances;
using Agents.Engine.Grpc.Hubs;
using Agents.Protocol;
using Grpc.Core;
using OrchestrationStatus = Agents.Contracts.Instances.OrchestrationStatus;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>Starts an instance under an id that may be taken. Without a policy a finished instance is replaced and a live one is not.</summary>
internal sealed class InstanceStarter(TaskHub hub)
{
    /// <summary>Others may start and end the same id meanwhile; beyond this it is somebody else's.</summary>
    const int TriesMax = 5;

    public async Task StartAsync(StartRequest request, OrchestrationIdReusePolicy? policy, CancellationToken cancel)
    {
        var replaceable = Replaceable(policy);
        for (var i = 0; i < TriesMax; i++)
        {
            var existing = await hub.Client.GetAsync(request.Id, withPayloads: false, cancel);
            if (existing is not null && !replaceable(existing.Status))
            {
                throw Taken(request.Id, existing.Status);
            }

            if (existing is not null && policy?.Action == CreateOrchestrationAction.Ignore)
            {
                return; // that instance is the answer
            }

            if (existing is not null && !existing.Status.IsTerminal())
            {
                await hub.Client.SendAsync(request.Id, new InstanceMessage.Terminate("\"replaced\"", Recurse: false), null, cancel);
                await hub.Client.WaitForEndAsync(request.Id, cancel);
            }

            // A digest of its own: a repeat is not the same request here, it finds the id taken.
            var start = request with { ReplaceTerminal = true, RequestDigest = hub.NewId() };
            if (await hub.Client.StartAsync(start, cancel) == StartOutcome.Started)
            {
                return;
            }
        }

        throw Taken(request.Id, null);
    }

    static Func<OrchestrationStatus, bool> Replaceable(OrchestrationIdReusePolicy? policy)
    {
        if (policy is null)
        {
            return static status => status.IsTerminal();
        }

        var listed = policy.ReplaceableStatus.Select(s => (OrchestrationStatus)s).ToHashSet();
        if (listed.FirstOrDefault(s => !Enum.IsDefined(s)) is var unknown && !Enum.IsDefined(unknown))
        {
            throw Calls.Bad($"orchestrationIdReusePolicy: {(int)unknown} is not a status");
        }

        return policy.Action == CreateOrchestrationAction.Error && listed.Any(s => !s.IsTerminal()) && !listed.Contains(OrchestrationStatus.Terminated)
            ? throw Calls.Bad("Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances")
            : listed.Contains;
    }

    static RpcException Taken(InstanceId id, OrchestrationStatus? status) => new(new Status(
        StatusCode.AlreadyExists,
        $"An orchestration instance with the ID '{id}' already exists{(status is { } s ? $" with status {s}" : "")}."));
}
