using System.Net;
using System.Net.Sockets;
using Agents.Engine.Store;

namespace Agents.Cluster;

/// <summary>How a node talks to the others. Checked once, when the node is made.</summary>
public sealed record ClusterSettings
{
    /// <summary>Name of the cluster; nodes of another name are not talked to. The store's schema, unless told otherwise.</summary>
    public string Name { get; init; } = "agents";

    /// <summary>Address the others reach this node at. Anything but loopback needs <see cref="Tls"/>.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Port of that address; 0 takes a free one. The others learn it from the store.</summary>
    public int Port { get; init; }

    /// <summary>
    /// What no other live node can hold, such as a locked folder: a node listed there before is dead. Empty: nothing is known.
    /// </summary>
    public string Place { get; init; } = "";

    /// <summary>How often a node with instances looks for work that nobody told it of; one without looks less often.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The same, of a node that owns nothing.</summary>
    public TimeSpan LookIdleEvery { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Mutual TLS between nodes; null: none, on loopback only.</summary>
    public ClusterTls? Tls { get; init; }

    /// <summary>How long a node may take to answer a probe.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>Probes in a row that must fail before a node is declared dead.</summary>
    public int MissedProbesMax { get; init; } = 2;

    /// <summary>How often a node says in the store that it is alive, for those who would join.</summary>
    public TimeSpan AliveEvery { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often a node reads the members again without having been told of a change.</summary>
    public TimeSpan ReadMembersEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often nodes tell each other their load while it changes.</summary>
    public TimeSpan ReportEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a node that was told of a reader elsewhere tells it of commits.</summary>
    public TimeSpan ListenFor { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Share of the memory a process may use from which on it is given nothing more while others have room.</summary>
    public double MemoryShareMax { get; init; } = 0.85;

    internal void Check()
    {
        if (Address.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            || Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any))
        {
            throw new StoreUnavailableException(
                $"AG1201: the cluster address '{Address}' is not one that other nodes could reach this node at. "
                + "Name the address of one private network interface.", null);
        }

        if (!IPAddress.IsLoopback(Address) && Tls is null)
        {
            throw new StoreUnavailableException(
                $"AG1201: the cluster address '{Address}' is not loopback, and nodes would not prove to each other who they are. "
                + "Configure a certificate, its key and the authority that signed it, or use a loopback address.", null);
        }

        if (Port is < 0 or > 65_535)
        {
            throw new StoreUnavailableException($"AG1201: {Port} is not a port; the cluster port is 1 to 65535, or 0 for a free one.", null);
        }

        Tls?.Check();
    }
}
