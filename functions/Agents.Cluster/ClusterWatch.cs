using System.Net.Sockets;
using Agents.Cluster.Members;
using Agents.Engine.Store;
using Orleans.Runtime;

namespace Agents.Cluster;

/// <summary>Looks at a cluster from outside.</summary>
public static class ClusterWatch
{
    static readonly TimeSpan s_connectWithin = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Whether some node is at work: it takes a connection, or it cannot be reached from here and said not long ago that it
    /// is alive.
    /// </summary>
    public static async Task<bool> IsAnyAtWorkAsync(IMemberStore members, TimeProvider clock, CancellationToken cancel)
    {
        var table = await members.ReadAsync(cancel);
        foreach (var row in table.Rows.Where(row => !row.Gone))
        {
            if (await AnswersAsync(SiloAddress.FromParsableString(row.Node), cancel)
                ?? clock.GetUtcNow() - row.AliveAt < new ClusterSettings().AliveEvery * 2)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Null: nobody can say from here.</summary>
    internal static async Task<bool?> AnswersAsync(SiloAddress node, CancellationToken cancel)
    {
        using var socket = new Socket(node.Endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_connectWithin);
        try
        {
            await socket.ConnectAsync(node.Endpoint, limit.Token);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return null;
        }
    }
}
