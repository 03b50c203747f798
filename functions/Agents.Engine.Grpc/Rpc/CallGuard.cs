using Agents.Access;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Store;
using Agents.Protocol.Mapping;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>Lets in who may come in, and gives whatever goes wrong a status that the SDKs understand.</summary>
internal sealed class CallGuard(AccessRules access, ILogger log) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            Check(context);
            return await continuation(request, context);
        }
        catch (Exception e)
        {
            throw Translate(e, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            Check(context);
            await continuation(request, responseStream, context);
        }
        catch (Exception e)
        {
            throw Translate(e, context);
        }
    }

    /// <summary>Whoever was not let in, or may not use the task hub that is meant, learns nothing else.</summary>
    void Check(ServerCallContext context)
    {
        if (access.AskForNothing)
        {
            return;
        }

        var user = context.GetHttpContext().User;
        if (user.Identity is not { IsAuthenticated: true })
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, access.Tokens is null
                ? "Show a key of this service: metadata 'authorization: Bearer KEY' or 'x-api-key: KEY'."
                : "Show a key of this service or a token that it takes: metadata 'authorization: Bearer KEY' or 'x-api-key: KEY'."));
        }

        var hub = Calls.TaskHub(context) ?? TaskHub.DefaultName;
        if (!access.MayUse(user, hub))
        {
            throw new RpcException(new Status(
                StatusCode.PermissionDenied, $"What was shown does not open the task hub '{hub}' (metadata 'taskhub')."));
        }
    }

    RpcException Translate(Exception e, ServerCallContext context)
    {
        var status = e switch
        {
            RpcException known => known.Status,
            WireException or ArgumentException or FormatException => new Status(StatusCode.InvalidArgument, e.Message),
            TaskHubException => new Status(StatusCode.FailedPrecondition, e.Message),
            OperationCanceledException when context.Deadline <= DateTime.MaxValue && context.CancellationToken.IsCancellationRequested
                => new Status(StatusCode.Cancelled, "The call was cancelled, or its deadline passed."),
            OperationCanceledException => new Status(StatusCode.Unavailable, "The service is stopping; try again."),
            StoreUnavailableException or UnknownOutcomeException => new Status(StatusCode.Unavailable, e.Message),
            _ => new Status(StatusCode.Internal, e.Message),
        };
        if (status.StatusCode == StatusCode.Internal)
        {
            Log.CallFault(log, e, context.Method);
        }
        else if (status.StatusCode is not (StatusCode.Cancelled or StatusCode.DeadlineExceeded))
        {
            Log.CallRefused(log, context.Method, status.StatusCode, status.Detail);
        }

        return e as RpcException ?? new RpcException(status);
    }
}
