using System.Net.Sockets;

namespace Agents.Inference.Streaming;

/// <summary>
/// The connections to model servers. Most hosts are reached by TCP; a host named in <paramref name="socketPaths"/> is
/// reached by the Unix socket there, so that a run can be pinned to a name and outlive the address of one process.
/// </summary>
public sealed class ModelTransport(IReadOnlyDictionary<string, string>? socketPaths = null) : IDisposable
{
    static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(15);
    static readonly TimeSpan s_connectionLifetime = TimeSpan.FromMinutes(5);

    readonly HttpMessageInvoker _network = new(Handler());
    readonly Dictionary<string, HttpMessageInvoker> _sockets = (socketPaths ?? new Dictionary<string, string>())
        .ToDictionary(p => p.Key, p => new HttpMessageInvoker(Handler(p.Value)), StringComparer.OrdinalIgnoreCase);

    /// <summary>What sends requests to that address. It has no timeout and follows no redirect.</summary>
    public HttpMessageInvoker For(Uri address) => _sockets.GetValueOrDefault(address.Host) ?? _network;

    public void Dispose()
    {
        _network.Dispose();
        foreach (var socket in _sockets.Values)
        {
            socket.Dispose();
        }
    }

    static SocketsHttpHandler Handler(string? socketPath = null)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = s_connectTimeout,
            PooledConnectionLifetime = s_connectionLifetime,

            // A redirect would carry key and conversation to an address nobody configured.
            AllowAutoRedirect = false,
            UseCookies = false,
        };
        if (socketPath is not null)
        {
            handler.UseProxy = false;
            handler.ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancel);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }

        return handler;
    }
}
