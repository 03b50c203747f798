using System.Net;
using System.Security.Cryptography.X509Certificates;
using Agents.Access;

namespace Agents.Engine.Grpc;

/// <summary>Bounds of the Durable Task endpoint. Checked by those who read them; the defaults suit one machine.</summary>
public sealed record DurableTaskOptions
{
    /// <summary>Address of one network interface.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0 takes a free one.</summary>
    public int Port { get; init; } = 4001;

    /// <summary>With its private key; null: HTTP/2 without TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Without TLS on an address that other machines reach: where something before this ends the TLS.</summary>
    public bool PlaintextAnywhere { get; init; }

    /// <summary>Who may come in, and which task hubs each may use.</summary>
    public AccessRules Access { get; init; } = new();

    /// <summary>Bytes of one message that a client or worker may send.</summary>
    public int MessageBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Bytes of all parts of one chunked completion together.</summary>
    public long CompletionBytesMax { get; init; } = 128L * 1024 * 1024;

    /// <summary>Items of one kind a worker has at once where it names no limit.</summary>
    public int ItemsPerWorkerDefault { get; init; } = 100;

    /// <summary>The most items of one kind a worker has at once, whatever it asks for.</summary>
    public int ItemsPerWorkerMax { get; init; } = 10_000;

    /// <summary>A stream with nothing to say says so this often; workers hold two minutes of silence for a lost connection.</summary>
    public TimeSpan PingEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A silent connection is asked for a sign of life this often, and closed when as much passes without one.</summary>
    public TimeSpan ConnectionPingEvery { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>After its stream is lost a worker may still complete what it has for this long; then others get it.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// An effect whose worker was lost is asked about where it was begun, for this long; then of any worker, which may know
    /// less of it.
    /// </summary>
    public TimeSpan SamePlaceWait { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>An orchestrator turn is code without waiting: one that is not answered for this long goes to another worker.</summary>
    public TimeSpan TurnLease { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A worker that gives an item back gets it again after this long at the soonest; doubled each time.</summary>
    public TimeSpan BackoffMin { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What no connected worker does is named, in health and log, once it has waited this long.</summary>
    public TimeSpan UnservedAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The log names it so often at most.</summary>
    public TimeSpan ReportEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Histories above this go to workers that can take them in a stream of their own.</summary>
    public int InlineHistoryBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Bytes of events in one part of a streamed history.</summary>
    public int HistoryChunkBytes { get; init; } = 256 * 1024;

    /// <summary>Agent runs are worked on by workers of ours that connect (agents work), not in this process.</summary>
    public bool WorkElsewhere { get; init; }

    /// <summary>Task hubs that one endpoint holds open; unused ones give way to another.</summary>
    public int TaskHubsMax { get; init; } = 64;

    /// <summary>Why it must not listen like that; null where it may.</summary>
    public string? Exposure() => (IPAddress.IsLoopback(Address), Certificate, Access.AskForNothing) switch
    {
        (true, _, _) => null,
        (_, _, true) => $"other machines reach {Address}, and callers are asked for nothing",
        (_, null, _) when !PlaintextAnywhere => $"other machines reach {Address}, and keys would cross the network without TLS",
        _ => null,
    };
}
