using System.Net;
using System.Net.Sockets;
using Agents.Cluster.Members;
using Agents.Cluster.Placing;
using Agents.Cluster.Talk;
using Agents.Cluster.Transport;
using Agents.Engine.Store;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Agents.Cluster;

/// <summary>Puts Orleans together as this cluster uses it. Everything it is told stands here.</summary>
internal static class SiloHost
{
    public static IHost Build(ClusterSettings settings, IMemberStore members, TimeProvider clock, ILogger log) => new HostBuilder()
        .ConfigureLogging(logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddProvider(new OrleansLog(log)))
        .UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (settings.Name, settings.Name));
            silo.ConfigureEndpoints(settings.Address, Port(settings), gatewayPort: 0, listenOnAnyHostAddress: false);
            silo.Configure<SiloOptions>(o => o.SiloName = members.Session);
            silo.AddGrainService<NodeService>();
            silo.AddPlacementDirector<ByLoad, ByLoadDirector>();
            silo.AddDistributedGrainDirectory();
            Tune(silo, settings);
            if (settings.Tls is { } tls)
            {
                Secure(silo, new TlsMiddleware(tls));
            }

            var services = silo.Services;
            services.AddSerializer(serializer => serializer.AddAssembly(typeof(SiloHost).Assembly));
            services.AddSingleton<IMembershipTable>(new StoreMembershipTable(members, settings.Place));
            services.AddSingleton(new LoadBoard(settings.MemoryShareMax));
            services.AddSingleton(new Listeners(clock, settings.ListenFor));
            services.AddSingleton<Here>();
            services.AddSingleton<NodeServices>();
            services.AddSingleton<FatalFaults>();
            services.AddSingleton<IFatalErrorHandler>(all => all.GetRequiredService<FatalFaults>());
        })
        .ConfigureServices(services => services.AddSingleton<IHostLifetime, NoLifetime>())
        .Build();

    static void Tune(ISiloBuilder silo, ClusterSettings settings)
    {
        silo.Configure<ClusterMembershipOptions>(o =>
        {
            o.ProbeTimeout = settings.ProbeTimeout;
            o.MinProbeTimeout = settings.ProbeTimeout < o.MinProbeTimeout ? settings.ProbeTimeout : o.MinProbeTimeout;
            o.NumMissedProbesLimit = settings.MissedProbesMax;

            // One witness is enough to act on: a node that is wrongly declared dead loses nothing but its place.
            o.NumVotesForDeathDeclaration = 1;
            o.IAmAliveTablePublishTimeout = settings.AliveEvery;
            o.TableRefreshTimeout = settings.ReadMembersEvery;
            o.MaxJoinAttemptTime = TimeSpan.FromMinutes(1);
        });

        // Orleans holds the grains of a node that died back for a while, in case it lives. Here the fence sees to that.
        silo.Configure<GrainDirectoryOptions>(o => o.RangeLeaseDuration = TimeSpan.Zero);
        silo.Configure<SiloMessagingOptions>(o =>
        {
            o.ResponseTimeout = TimeSpan.FromSeconds(5);
            o.WaitForMessageToBeQueuedForOutboundTime = TimeSpan.FromMilliseconds(100);
        });
        silo.Configure<ConnectionOptions>(o =>
        {
            o.OpenConnectionTimeout = TimeSpan.FromSeconds(1);
            o.ConnectionRetryDelay = TimeSpan.FromMilliseconds(200);
        });
    }

    static void Secure(ISiloBuilder silo, TlsMiddleware tls) => silo.Configure<SiloConnectionOptions>(o =>
    {
        o.ConfigureSiloInboundConnection(connection => connection.Use(tls.Accept));
        o.ConfigureSiloOutboundConnection(connection => connection.Use(tls.Connect));
    });

    // Orleans wants to know its port before it listens. Another process may take it in between; then joining says so.
    static int Port(ClusterSettings settings)
    {
        if (settings.Port != 0)
        {
            return settings.Port;
        }

        using var listener = new TcpListener(settings.Address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Signals and the console belong to the program this is a part of.</summary>
    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
