using Agents.Client.Remote;
using Agents.Client.Runs;
using Agents.Contracts.Client;
using Agents.Engine.Grpc;
using Agents.Engine.Sqlite;
using Agents.Engine.Store;
using Agents.Inference.Profiles;
using Microsoft.Extensions.Logging;

namespace Agents.Host.Composition;

/// <summary>
/// The way to the runs of a data directory: through the process that hosts it, or, when nobody does, by opening it
/// here - to host it, or only to look and to leave messages.
/// </summary>
sealed class Door : IAsyncDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(50);

    readonly HttpApi? _api;

    Door(StoreAddress store, HttpApi api)
    {
        Place = store.Place;
        _api = api;
        Runs = new HttpRunClient(api);
        Archive = new HttpRunArchive(api);
    }

    Door(StoreAddress store, Node node, bool hosts)
    {
        Place = store.Place;
        Shared = store.IsShared;
        Node = node;
        Hosts = hosts;
        Runs = node.Runs;
        Archive = node.Archive;
    }

    /// <summary>The data directory, or the address of the shared store without its password.</summary>
    public string Place { get; }

    /// <summary>Other processes may run the work on the same store, whatever this one does.</summary>
    public bool Shared { get; }

    public IRunClient Runs { get; }

    public IRunArchive Archive { get; }

    /// <summary>The queues of a task hub; null: of the store itself.</summary>
    public Task<IQueueClient> QueuesAsync(string? hub, CancellationToken cancel) => _api is null
        ? Node!.QueuesAsync(hub, cancel)
        : Task.FromResult<IQueueClient>(new HttpQueues(_api, hub));

    /// <summary>The node, where this process opened the data directory itself.</summary>
    public Node? Node { get; }

    /// <summary>This process runs the work.</summary>
    public bool Hosts { get; }

    /// <summary>Another process runs the work.</summary>
    public bool Remote => _api is not null;

    /// <summary>Opens the way; waits a moment for a host that is just starting or stopping.</summary>
    public static async Task<Door> OpenAsync(
        StoreAddress store, bool host, string root, ILogger log, CancellationToken cancel, DurableTaskOptions? grpc = null)
    {
        var clock = MachineClock.Instance;
        var dataDirectory = store.DataDirectory;
        var socket = Sockets.OfHost(dataDirectory);
        var began = clock.GetTimestamp();
        while (true)
        {
            if (!store.IsShared && await Sockets.AnswersAsync(socket, cancel))
            {
                return new Door(store, HttpApi.OnSocket(socket));
            }

            try
            {
                host = host && !(store.IsShared && await store.IsHostedAsync(log, cancel));
                var options = new NodeOptions { Store = store, Execute = host, Root = root, Log = log, Grpc = host ? grpc : null };
                return new Door(store, await Node.OpenAsync(options, cancel), host);
            }
            catch (DataDirectoryInUseException e)
            {
                if (clock.GetElapsedTime(began) > s_patience)
                {
                    throw new RunFaultException(
                        Faults.DataDirectoryBusy, $"held by {Holder(e)}, which does not answer", dataDirectory,
                        "wait for it or stop it, or use another --data", e);
                }

                await Task.Delay(s_between, clock, cancel);
            }
            catch (StoreUnavailableException e)
            {
                throw Coded(e, Faults.DataDirectory, store.Place);
            }
            catch (ProfileException e)
            {
                throw new RunFaultException("AG4017", e.Message, Path.Combine(dataDirectory, "profiles"), "mend or remove the file", e);
            }
        }
    }

    static string Holder(DataDirectoryInUseException e) => e.ProcessId is { } id ? $"process {id}" : "another process";

    /// <summary>Messages of the layers below begin with their own code.</summary>
    public static RunFaultException Coded(Exception e, string code, string? where)
    {
        var coded = e.Message.Length > 8 && e.Message.StartsWith("AG", StringComparison.Ordinal) && e.Message[6] == ':';
        return coded
            ? new RunFaultException(e.Message[..6], e.Message[8..], null, null, e)
            : new RunFaultException(code, e.Message, where, null, e);
    }

    public async ValueTask DisposeAsync()
    {
        _api?.Dispose();
        if (Node is not null)
        {
            await Node.DisposeAsync();
        }
    }
}
