using System.Net;
using System.Security.Cryptography.X509Certificates;
using Agents.Access;
using Agents.Pool.Routing;

namespace Agents.Pool;

/// <summary>Where a pool listens and within what bounds it works.</summary>
public sealed record PoolOptions
{
    /// <summary>Name of the hub a key must open to call models.</summary>
    public const string CallersHub = "models";

    /// <summary>Name of the hub a key must open to report as a model worker.</summary>
    public const string WorkersHub = "model-workers";

    /// <summary>Port; 0 takes a free one, null for none (then there is a socket).</summary>
    public int? Port { get; init; } = 0;

    /// <summary>Address of one network interface; one that is not loopback needs keys and TLS.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Unix socket, made with mode 0600; null for none. Who reaches it is the owner and shows no key.</summary>
    public string? SocketPath { get; init; }

    public X509Certificate2? Certificate { get; init; }

    /// <summary>TLS ends before this program: listen without it on any address.</summary>
    public bool PlaintextAnywhere { get; init; }

    /// <summary>Who may come in, besides by the socket.</summary>
    public AccessRules Access { get; init; } = new();

    /// <summary>Shown to model servers as "Authorization: Bearer …"; null for none.</summary>
    public string? WorkerKey { get; init; }

    /// <summary>Where Dapr's sidecar listens for HTTP, for workers at "dapr:APP-ID"; null: such workers are refused.</summary>
    public Uri? Dapr { get; init; }

    /// <summary>Shown to the sidecar as dapr-api-token; null for none.</summary>
    public string? DaprToken { get; init; }

    /// <summary>Bytes of one request.</summary>
    public int RequestBytesMax { get; init; } = 32 << 20;

    /// <summary>How much may wait; what is beyond is answered 429.</summary>
    public QueueBounds Queue { get; init; } = new();

    /// <summary>Weights and patience of routing.</summary>
    public RoutingOptions Routing { get; init; } = RoutingOptions.Default;

    /// <summary>Bytes of bodies held by requests that wait or run; beyond that a new one is answered 429.</summary>
    public long HeldBytesMax { get; init; } = 1L << 30;

    /// <summary>Longest wait for a worker, where the request names no deadline of its own; then it is answered 503.</summary>
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Longest silence of a model server before an attempt is given up.</summary>
    public TimeSpan IdleMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Workers a request is sent to at most, as long as no byte of a reply was passed on.</summary>
    public int AttemptsMax { get; init; } = 3;

    /// <summary>Silence after which an interactive request is also sent to another worker that has room; null: never.</summary>
    public TimeSpan? HedgeAfter { get; init; }

    /// <summary>Reports a worker may miss before it is taken for gone.</summary>
    public int ReportsMissedMax { get; init; } = 3;

    /// <summary>After its start a pool has not heard of all workers yet: a model nobody serves is waited for that long.</summary>
    public TimeSpan LearnFor { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A worker that was not heard of for that long is forgotten, its models with it.</summary>
    public TimeSpan ForgetAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Model workers at once.</summary>
    public int WorkersMax { get; init; } = 1_000;


    public BreakerOptions Breaker { get; init; } = new();

    /// <summary>What is wrong with the address; null when it may be listened on.</summary>
    public string? Exposure() => Port is null || IPAddress.IsLoopback(Address) ? null
        : Access.AskForNothing ? $"{Address} is not this machine's own and no key is asked for"
        : Certificate is null && !PlaintextAnywhere ? $"{Address} is not this machine's own and there is no TLS"
        : null;

    /// <summary>Throws <see cref="ArgumentException"/> naming the first option that cannot be.</summary>
    public PoolOptions Checked()
    {
        Require(Port is not null || SocketPath is not null, "a pool needs a port or a socket");
        Require(Port is null or (>= 0 and <= 65_535), "Port must be 0 to 65535");
        Require(Exposure() is null, Exposure() ?? "");
        Routing.Check();
        Require(RequestBytesMax > 0 && HeldBytesMax > 0, "RequestBytesMax and HeldBytesMax must be positive");
        Require(Queue is { RequestsMax: >= 0, TokensMax: >= 0, BatchShare: >= 0 and <= 1 }, "Queue: bounds not negative, BatchShare 0 to 1");
        Require(WaitMax > TimeSpan.Zero && IdleMax > TimeSpan.Zero && ForgetAfter > TimeSpan.Zero && LearnFor >= TimeSpan.Zero, "times must be positive");
        Require(HedgeAfter is null || HedgeAfter > TimeSpan.Zero, "HedgeAfter must be positive");
        Require(AttemptsMax is >= 1 and <= 16, "AttemptsMax must be 1 to 16");
        Require(ReportsMissedMax >= 1 && WorkersMax >= 1, "ReportsMissedMax and WorkersMax must be positive");
        Require(Breaker is { FailuresMax: >= 1 } && Breaker.OpenFor > TimeSpan.Zero && Breaker.OpenForMax >= Breaker.OpenFor, "Breaker: at least one failure, OpenFor positive and at most OpenForMax");
        return this;
    }

    static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new ArgumentException(what);
        }
    }
}

/// <summary>When a worker that fails is left alone, and for how long.</summary>
public sealed record BreakerOptions
{
    /// <summary>Failures without a success between that open it.</summary>
    public int FailuresMax { get; init; } = 3;

    /// <summary>How long it is left alone the first time; twice as long each time its probe fails.</summary>
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan OpenForMax { get; init; } = TimeSpan.FromMinutes(1);
}
