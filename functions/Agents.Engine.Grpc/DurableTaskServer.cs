using Agents.Access;
using Agents.Engine.Grpc.Hubs;
using Agents.Engine.Grpc.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Agents.Engine.Grpc;

/// <summary>
/// The Durable Task endpoint: HTTP/2 on one address, without TLS on the loopback interface, and nothing else on it.
/// Stopping it ends the streams in order; workers come back, and no instance is touched.
/// </summary>
public sealed class DurableTaskServer : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly CancellationTokenSource _stopping;
    readonly ITimer _report;

    DurableTaskServer(WebApplication app, CancellationTokenSource stopping, ITimer report)
    {
        _app = app;
        _stopping = stopping;
        _report = report;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public Uri Address { get; }

    /// <summary>
    /// Listens from here on. Throws IOException where the port cannot be had, and ArgumentException where it would listen
    /// to strangers.
    /// </summary>
    public static async Task<DurableTaskServer> StartAsync(
        DurableTaskOptions options, ITaskHubs hubs, EngineEnvironment environment, CancellationToken cancel)
    {
        if (options.Exposure() is { } why)
        {
            throw new ArgumentException(why, nameof(options));
        }

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        var stopping = new CancellationTokenSource();

        // Ctrl-C and SIGTERM belong to the verb that hosts us: it drains first, then stops us.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(hubs);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(new Stopping(stopping.Token));
        builder.Services.AddSingleton<SidecarService>();
        builder.Services.AddSingleton<AgentWorkService>();
        builder.Services.AddAccess(options.Access, environment.Clock);
        builder.Services.AddSingleton(new CallGuard(options.Access, environment.Log));
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.MessageBytesMax;
            grpc.MaxSendMessageSize = null;
            grpc.Interceptors.Add<CallGuard>();
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        var app = builder.Build();
        app.Use(TellApart);
        app.UseRouting();
        app.UseAuthentication();
        app.MapGrpcService<SidecarService>();
        app.MapGrpcService<AgentWorkService>();
        try
        {
            await app.StartAsync(cancel);
        }
        catch
        {
            await app.DisposeAsync();
            stopping.Dispose();
            throw;
        }

        var report = environment.Clock.CreateTimer(
            _ => Report(hubs), null, options.ReportEvery, options.ReportEvery);
        return new DurableTaskServer(app, stopping, report);
    }

    static void Listen(KestrelServerOptions kestrel, DurableTaskOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null; // the bound on messages holds; a stream of them has none
        kestrel.Limits.Http2.MaxStreamsPerConnection = 10_000;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 8 * 1024 * 1024;
        kestrel.Limits.Http2.InitialStreamWindowSize = 4 * 1024 * 1024;
        kestrel.Limits.Http2.KeepAlivePingDelay = options.ConnectionPingEvery; // a machine that vanished says no goodbye
        kestrel.Limits.Http2.KeepAlivePingTimeout = options.ConnectionPingEvery;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(options.Address, options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (options.Certificate is { } certificate)
            {
                listen.UseHttps(certificate);
            }
        });
    }

    /// <summary>Routes do not differ by case, and two methods of the protocol do.</summary>
    static Task TellApart(HttpContext context, RequestDelegate next)
    {
        const string Service = "/TaskHubSidecarService/";
        if (string.Equals(context.Request.Path.Value, $"{Service}ListInstanceIDs", StringComparison.Ordinal))
        {
            context.Request.Path = $"{Service}ListAllInstanceIds";
        }

        return next(context);
    }

    static void Report(ITaskHubs hubs)
    {
        foreach (var hub in hubs.Open)
        {
            hub.Broker.ReportUnserved();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _report.DisposeAsync();
        await _stopping.CancelAsync();
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
        _stopping.Dispose();
    }

    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
