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
        });
        _hub = hub;
        _key = key;
        Stub = new TaskHubSidecarService.TaskHubSidecarServiceClient(_channel);
        Instances = new InstanceClient(this);
        Work = new WorkItemClient(this);
    }

    /// <summary>Starts and looks.</summary>
    public InstanceClient Instances { get; }

    /// <summary>Takes work items and completes them.</summary>
    public WorkItemClient Work { get; }

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
