using System.Security.Cryptography;
using System.Text;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Store;
using Agents.Protocol.Mapping;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc.Rpc;

/// <summary>Lets in who may come in, and gives whatever goes wrong a status that the SDKs understand.</summary>
internal sealed class CallGuard(DurableTaskOptions options, ILogger log) : Interceptor
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

    void Check(ServerCallContext context)
    {
        if (options.ApiKey is not { } key)
        {
            return;
        }

        var shown = context.RequestHeaders.GetValue("x-api-key")
            ?? (context.RequestHeaders.GetValue("authorization") is { } value
                && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? value["Bearer ".Length..] : null);
        if (shown is null || !CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(shown)), SHA256.HashData(Encoding.UTF8.GetBytes(key))))
        {
            throw new RpcException(new Status(
                StatusCode.Unauthenticated, "Show this service's API key: metadata 'authorization: Bearer KEY' or 'x-api-key: KEY'."));
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
