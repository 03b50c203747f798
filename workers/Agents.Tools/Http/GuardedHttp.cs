using System.Net;
using System.Net.Sockets;

namespace Agents.Tools.Http;

/// <summary>
/// HTTP without proxy, cookies and redirects of its own, that connects only to addresses the allow list lets a name
/// resolve to. The name is resolved here and the socket opened to that very answer: no second look-up can differ.
/// </summary>
static class GuardedHttp
{
    public static HttpClient Client(AllowList allow) => new(Handler(allow)) { Timeout = Timeout.InfiniteTimeSpan };

    static SocketsHttpHandler Handler(AllowList allow) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(15),

        // A connection that is used again may be dead, and the handler would send the request a second time unasked.
        PooledConnectionLifetime = TimeSpan.Zero,
        ConnectCallback = (context, cancel) => ConnectAsync(context.DnsEndPoint, allow, cancel),
    };

    static async ValueTask<Stream> ConnectAsync(DnsEndPoint wanted, AllowList allow, CancellationToken cancel)
    {
        var found = await Dns.GetHostAddressesAsync(wanted.Host, cancel);
        var allowed = found.Where(a => allow.MayConnect(wanted.Host, a)).ToArray();
        if (allowed.Length == 0)
        {
            throw new ToolRefusedException(
                $"'{wanted.Host}' resolves to an address inside a private network; allow that address itself to reach it");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, wanted.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>At most so many bytes of a body, and whether there was more.</summary>
    public static async Task<(byte[] Bytes, bool Truncated)> ReadAsync(
        HttpContent content, int bytesMax, CancellationToken cancel)
    {
        await using var body = await content.ReadAsStreamAsync(cancel);
        var buffer = new byte[bytesMax + 1];
        var length = 0;
        while (length < buffer.Length && await body.ReadAsync(buffer.AsMemory(length), cancel) is var read and > 0)
        {
            length += read;
        }

        return (buffer[..Math.Min(length, bytesMax)], length > bytesMax);
    }

    /// <summary>The exception, or one below it, that carries words for the model.</summary>
    public static ToolRefusedException? RefusalIn(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is ToolRefusedException refusal)
            {
                return refusal;
            }
        }

        return null;
    }
}
