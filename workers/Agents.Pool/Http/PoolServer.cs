using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Agents.Access;
using Agents.Contracts.Pool;
using Agents.Pool.Figures;
using Agents.Pool.Passing;
using Agents.Pool.Queue;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Agents.Pool.Http;

/// <summary>
/// A pool of model workers behind OpenAI's HTTP: chat completions, completions, models, health and metrics for callers,
/// reports for workers, hints for engines. docs/pool.md has the surface.
/// </summary>
public sealed class PoolServer : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly PoolOptions _options;
    readonly Dispatcher _dispatcher;
    readonly WorkerTransport _transport;

    PoolServer(WebApplication app, PoolOptions options, Dispatcher dispatcher, WorkerTransport transport) =>
        (_app, _options, _dispatcher, _transport) = (app, options, dispatcher, transport);

    /// <summary>Base address by TCP without version segment, such as http://127.0.0.1:8100; null where it has a socket only.</summary>
    public string? Address { get; private set; }

    /// <summary>Where workers of this process report.</summary>
    public IWorkerDesk Desk => _dispatcher;

    /// <summary>Everything as it stands.</summary>
    public PoolView View() => _dispatcher.View();

    /// <summary>The same as JSON, as GET /pool/workers answers it.</summary>
    public byte[] ViewJson() => JsonSerializer.SerializeToUtf8Bytes(View(), PoolJson.Plain.PoolView);

    /// <summary>Starts listening; throws <see cref="PoolException"/> with AG4050 when it cannot.</summary>
    public static async Task<PoolServer> StartAsync(PoolOptions options, TimeProvider clock, CancellationToken cancel)
    {
        options.Checked();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();

        // Ctrl-C and SIGTERM belong to the verb that hosts us: it drains first, then stops us.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddAccess(options.Access, clock);
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        var app = builder.Build();
        var dispatcher = new Dispatcher(options, clock);
        var transport = new WorkerTransport(options);
        var server = new PoolServer(app, options, dispatcher, transport);
        app.UseAuthentication();
        app.Run(new PoolEndpoints(dispatcher, new Passer(dispatcher, transport, options, clock), new PoolGate(options.Access)).AnswerAsync);
        try
        {
            await app.StartAsync(cancel);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await server.DisposeAsync();
            throw new PoolException(
                "AG4050", $"the pool cannot listen on {options.SocketPath ?? $"{options.Address}:{options.Port}"}: {e.Message}", "give another --port", e);
        }

        server.Protect();
        return server;
    }

    static void Listen(KestrelServerOptions kestrel, PoolOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.RequestBytesMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 << 10;
        if (options.SocketPath is { } path)
        {
            File.Delete(path); // left behind by a killed predecessor
            kestrel.ListenUnixSocket(path, listen => listen.Use(next => connection =>
            {
                connection.Items[typeof(PoolGate)] = PoolGate.Owner;
                return next(connection);
            }));
        }

        if (options.Port is { } port)
        {
            kestrel.Listen(options.Address, port, listen =>
            {
                if (options.Certificate is { } certificate)
                {
                    listen.UseHttps(certificate);
                }
            });
        }
    }

    void Protect()
    {
        if (_options.SocketPath is { } path && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses
            .FirstOrDefault(a => !a.Contains("unix:", StringComparison.Ordinal));
    }

    /// <summary>Refuses what waits and what comes, and lets what is in work end; false when it did not in time.</summary>
    public async Task<bool> DrainAsync(TimeSpan within, TimeProvider clock)
    {
        try
        {
            await _dispatcher.StopAsync().WaitAsync(within, clock);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Refuses what waits, then ends what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _dispatcher.DisposeAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await _app.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // A caller that does not hang up does not keep us.
        }

        await _app.DisposeAsync();
        _transport.Dispose();
        if (_options.SocketPath is { } path)
        {
            File.Delete(path);
        }
    }

    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
