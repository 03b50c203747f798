using Agents.Client.Runs;
using Agents.Contracts.Pool;
using Agents.GpuWorker;
using Agents.GpuWorker.Probing;
using Agents.Inference.Streaming;
using Agents.ModelServer;
using Agents.ModelServer.Http;
using Agents.Pool;
using Agents.Pool.Figures;
using Agents.Pool.Http;

namespace Agents.Host.Composition;

/// <summary>
/// Model, worker and pool of this process: a GGUF file served here, kept by a worker that reports to the pool by direct
/// call, and a pool that listens on a socket of the data directory. Runs with the profile "local" call it.
/// </summary>
sealed class LocalModels : IAsyncDisposable
{
    /// <summary>Host name that stands for the pool of whichever process runs the work.</summary>
    public const string PoolHost = "pool.invalid";

    /// <summary>The name requests call the model by, and the profile's.</summary>
    public const string ModelName = "local";

    /// <summary>Names the GGUF file that a hosting process serves; --local-model wins over it.</summary>
    public const string FileVariable = "AGENTS_LOCAL_MODEL";

    const int Slots = 4;
    static readonly TimeSpan s_every = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_drain = TimeSpan.FromSeconds(5);

    readonly PoolServer _pool;
    readonly EmbeddedServer _server;
    readonly CancellationTokenSource _stop = new();
    readonly ModelTransport _transport = new();
    Task _working = Task.CompletedTask;

    LocalModels(PoolServer pool, EmbeddedServer server) => (_pool, _server) = (pool, server);

    /// <summary>The file a host serves where its command line names none; null for none.</summary>
    public static string? FileOfEnvironment => Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file ? Path.GetFullPath(file) : null;

    public PoolView View() => _pool.View();

    /// <summary>The same as JSON.</summary>
    public byte[] ViewJson() => _pool.ViewJson();

    /// <summary>Loads the file and starts; ready when the worker has reported. Throws <see cref="RunFaultException"/>.</summary>
    public static async Task<LocalModels> StartAsync(string file, string socket, CancellationToken cancel)
    {
        var clock = MachineClock.Instance;
        var server = new EmbeddedServer(
            new ServedModelOptions { Path = file, Id = ModelName, Slots = Slots }, new ModelServerOptions(), libraryFolder: null, clock);
        PoolServer? pool = null;
        try
        {
            await server.StartAsync(cancel);
            pool = await PoolServer.StartAsync(new PoolOptions { Port = null, SocketPath = socket }, clock, cancel);
            var local = new LocalModels(pool, server);
            await local.WorkAsync(cancel);
            return local;
        }
        catch (Exception e)
        {
            await (pool?.DisposeAsync() ?? ValueTask.CompletedTask);
            await server.DisposeAsync();
            throw e switch
            {
                ModelServerException fault => new RunFaultException(fault.Code, fault.What, file, fault.WhatToDo, e),
                PoolException fault => new RunFaultException(fault.Code, fault.What, socket, fault.WhatToDo, e),
                _ => e,
            };
        }
    }

    async Task WorkAsync(CancellationToken cancel)
    {
        var probe = new ServerProbe(_transport.For(new Uri(_server.BaseUrl)), _server.BaseUrl, key: null, MachineClock.Instance);
        var worker = new ModelWorker(
            new ModelWorkerOptions
            {
                Name = ModelName, Server = "agents", Every = s_every, DrainWithin = s_drain, Bounds = new WorkerFigures { RunningMax = Slots },
            },
            _server, probe, _pool.Desk, MachineClock.Instance);
        await worker.ReportAsync(draining: false, cancel);
        _working = worker.RunAsync(_stop.Token, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _working;
        await _pool.DisposeAsync();
        await _server.DisposeAsync();
        _transport.Dispose();
        _stop.Dispose();
    }
}
