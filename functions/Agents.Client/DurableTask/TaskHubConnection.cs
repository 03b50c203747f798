using Agents.Protocol;
using Grpc.Core;
using Grpc.Net.Client;

namespace Agents.Client.DurableTask;

/// <summary>
/// A connection to one task hub of a Durable Task service: the clients' door and the workers'. Calls throw RpcException with
/// the service's own words. Used by any number of threads.
/// </summary>
public sealed class TaskHubConnection : IDisposable
{
    /// <summary>Bytes of one message either way.</summary>
    const int MessageBytesMax = 64 * 1024 * 1024;

    /// <summary>A silent connection is asked for a sign of life this often; a service that vanished says no goodbye.</summary>
    static readonly TimeSpan s_pingEvery = TimeSpan.FromSeconds(20);

    readonly GrpcChannel _channel;
    readonly string? _hub;
    readonly Func<string?>? _key;

    /// <summary>
    /// <paramref name="address"/> is http (without TLS) or https. <paramref name="hub"/> null is the default hub;
    /// <paramref name="key"/> is asked before each call for the key or token to be shown, null for none.
    /// </summary>
    public TaskHubConnection(Uri address, string? hub = null, Func<string?>? key = null)
    {
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = MessageBytesMax, MaxSendMessageSize = MessageBytesMax, DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true, KeepAlivePingDelay = s_pingEvery, KeepAlivePingTimeout = s_pingEvery,
            },
        });
        _hub = hub;
        _key = key;
        Stub = new TaskHubSidecarService.TaskHubSidecarServiceClient(_channel);
        Instances = new InstanceClient(this);
        Work = new WorkItemClient(this);
        Attempts = new AttemptClient(this, new AgentWork.AgentWorkClient(_channel));
    }

    /// <summary>Starts and looks.</summary>
    public InstanceClient Instances { get; }

    /// <summary>Takes work items and completes them.</summary>
    public WorkItemClient Work { get; }

    /// <summary>What workers of agent runs ask besides.</summary>
    public AttemptClient Attempts { get; }

    internal TaskHubSidecarService.TaskHubSidecarServiceClient Stub { get; }

    internal CallOptions Options(CancellationToken cancel)
    {
        var metadata = new Metadata();
        if (_hub is not null)
        {
            metadata.Add("taskhub", _hub);
        }

        if (_key?.Invoke() is { } key)
        {
            metadata.Add("authorization", $"Bearer {key}");
        }

        return new CallOptions(metadata, cancellationToken: cancel);
    }

    public void Dispose() => _channel.Dispose();
}
