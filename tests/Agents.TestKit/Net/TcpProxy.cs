using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Agents.TestKit.Net;

/// <summary>
/// Stands between a client and a server and misbehaves when told: cuts every connection, or swallows what either side
/// says while the connections stay open.
/// </summary>
public sealed class TcpProxy : IAsyncDisposable
{
    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly EndPoint _target;
    readonly ConcurrentDictionary<int, Pair> _pairs = new();
    readonly CancellationTokenSource _stop = new();
    readonly Task _accepting;
    int _accepted;

    public TcpProxy(EndPoint target)
    {
        _target = target;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>While set, nothing of open connections gets through and new ones are not answered.</summary>
    public bool Swallows { get; set; }

    /// <summary>Ends every connection at once; new ones are taken.</summary>
    public void Cut()
    {
        foreach (var pair in _pairs.Values)
        {
            pair.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Cut();
        await _accepting;
    }

    async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token), ++_accepted);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    async Task ServeAsync(Socket client, int number)
    {
        var family = _target is UnixDomainSocketEndPoint ? AddressFamily.Unix : AddressFamily.InterNetwork;
        using var pair = new Pair(client, new Socket(family, SocketType.Stream, ProtocolType.Unspecified));
        _pairs[number] = pair;
        try
        {
            await pair.Server.ConnectAsync(_target, _stop.Token);
            await Task.WhenAny(CopyAsync(pair.Client, pair.Server), CopyAsync(pair.Server, pair.Client));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The server is away, or we are.
        }

        _pairs.TryRemove(number, out _);
    }

    async Task CopyAsync(Socket from, Socket to)
    {
        var bytes = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(bytes, _stop.Token) is > 0 and var count)
            {
                if (!Swallows)
                {
                    await to.SendAsync(bytes.AsMemory(0, count), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }

    sealed record Pair(Socket Client, Socket Server) : IDisposable
    {
        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
