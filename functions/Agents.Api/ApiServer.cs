using System.Net;
using Agents.Access;
using Agents.Api.Http;
using Agents.Api.Stream;
using Agents.Client.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Agents.Api;

/// <summary>The REST API on a Unix socket, a loopback port, or both. Stopping it ends streams; it never cancels a run.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly ApiOptions _options;

    ApiServer(WebApplication app, ApiOptions options)
    {
        _app = app;
        _options = options;
    }

    /// <summary>Address of the TCP listener; null where there is none.</summary>
    public Uri? Address { get; private set; }

    /// <summary>Listens from here on. Throws <see cref="RunFaultException"/> where the address cannot be had.</summary>
    public static async Task<ApiServer> StartAsync(ApiOptions options, ApiServices services, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();

        // Ctrl-C and SIGTERM belong to the verb that hosts us: it drains first, then stops us.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddAccess(options.Access, services.Clock);
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        var app = builder.Build();
        var stopping = app.Lifetime.ApplicationStopping;
        app.UseAuthentication();
        app.Use(new Gate(options.Access).CheckAsync);
        new RunEndpoints(services, options).Map(app);
        new CommandEndpoints(services, options).Map(app);
        new QueueEndpoints(services, options).Map(app);
        new HostEndpoints(services, options).Map(app);
        new StreamEndpoint(services, options, stopping).Map(app);
        app.MapFallback(context => Problems.WriteAsync(context, Problems.NoSuchAddress(context)));
        await BindAsync(app, options, cancel);
        var server = new ApiServer(app, options);
        server.Protect();
        return server;
    }

    static void Listen(KestrelServerOptions kestrel, ApiOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.BodyBytesMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = options.HeaderBytesMax;
        if (options.SocketPath is { } path)
        {
            File.Delete(path); // left behind by a killed predecessor; the directory lock says we are the only host
            kestrel.ListenUnixSocket(path, l => Mark(l, JobTrust.Owner));
        }

        if (options.Port is { } port)
        {
            kestrel.Listen(IPAddress.Loopback, port, l => Mark(l, JobTrust.Guest));
        }
    }

    static void Mark(ListenOptions listen, JobTrust trust)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection =>
        {
            connection.Items[typeof(JobTrust)] = trust;
            return next(connection);
        });
    }

    static async Task BindAsync(WebApplication app, ApiOptions options, CancellationToken cancel)
    {
        try
        {
            await app.StartAsync(cancel);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            await app.DisposeAsync();
            throw new RunFaultException(
                Faults.ListenAddress, $"cannot listen: {e.Message}",
                options.Port is { } port ? $"127.0.0.1:{port}" : options.SocketPath,
                "choose another --port, or stop what listens there", e);
        }
    }

    void Protect()
    {
        if (_options.SocketPath is { } path && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        Address = addresses.Where(a => a.StartsWith("http://127.", StringComparison.Ordinal)).Select(a => new Uri(a)).FirstOrDefault();
    }

    /// <summary>Ends what is open and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await _app.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // A reader that does not hang up does not keep us.
        }

        await _app.DisposeAsync();
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
